/* plan: what a run will need, from the same formulas that allocate it; runs nothing. */
#include "command.h"

#include <mnemotaxis/memory.h>
#include <mnemotaxis/slab.h>

#include <math.h>

static double mebibytes(double bytes)
{
  return bytes / 1048576.0;
}

static double samples_kept(const mn_run_options *o)
{
  const double step = o->dynamics.schedule.step;
  const double all = (double)o->steps;
  return o->history.horizon > 0.0 ? fmin(all, o->history.horizon / step + 1.0) : all;
}

/* Pair-lags of the whole run: N(N-1) for every sample that decay has left something of, at every evaluation. */
static double pair_lags(const mn_run_options *o)
{
  const double memory = mn_kernel_memory(&o->dynamics.model);
  const double kept = fmin(samples_kept(o), memory / o->dynamics.schedule.step + 1.0);
  const double steps = (double)o->steps;
  const double evaluations = o->dynamics.scheme == MN_SCHEME_HEUN ? 2.0 : 1.0;
  const double samples = steps * kept - 0.5 * kept * kept;
  return evaluations * samples * (double)o->count * (double)(o->count - 1);
}

static int64_t multiples(int64_t steps, int64_t every)
{
  return every > 0 ? steps / every : 0;
}

static int64_t common_divisor(int64_t a, int64_t b)
{
  return b == 0 ? a : common_divisor(b, a % b);
}

/* Steps 0 ... steps at which a snapshot is due: multiples of either interval, and the two ends. */
static double snapshots_written(const mn_run_options *o)
{
  const int64_t a = o->output.snapshot_every;
  const int64_t b = o->output.path_every;
  const int64_t both = a > 0 && b > 0 ? a / common_divisor(a, b) * b : 0;
  const bool last_is_due = (a > 0 && o->steps % a == 0) || (b > 0 && o->steps % b == 0);
  return (double)(1 + multiples(o->steps, a) + multiples(o->steps, b) - multiples(o->steps, both) +
                  (last_is_due ? 0 : 1));
}

/* What the engine will do, and how long on one core. */
static void print_work(const mn_run_options *o, int ranks)
{
  const mn_forecast f = mn_run_forecast(o, ranks);
  const double evaluations = (o->dynamics.scheme == MN_SCHEME_HEUN ? 2.0 : 1.0) * (double)o->steps;
  const mn_prices p = o->drift.prices;
  printf("engine              %s: %s\n", o->engine->name, o->engine->about);
  printf("chosen by           drift.prices = %.3g %.3g %.3g %.3g\n", p.pair, p.sort, p.quad, p.node);
  if (f.nodes > 0.0) {
    printf("meshes              sheet of %.2g nodes, levels of %.2g in all; %.0f near pairs, %.0f samples of its own "
           "trail a cell\n",
           f.nodes, f.ladder_nodes, f.pairs, f.trail);
    printf("work                %.2g s an evaluation, %.3g core hours\n", 1e-9 * f.nanoseconds,
           1e-9 * f.nanoseconds * evaluations / 3600.0);
  } else {
    printf("work                %.3g pair-lags; at 1e9 a second and core: %.3g core hours\n", pair_lags(o),
           pair_lags(o) / 1e9 / 3600.0);
  }
}

static void print_plan(const mn_run_options *o, int ranks)
{
  const double n = (double)o->count;
  const double memory = (double)mn_run_expected_bytes(o, ranks);
  const double step = o->dynamics.schedule.step;
  const int exponent = mn_slab_exponent(&o->dynamics.model, o->history.tolerance, step);
  const double bits = mn_slab_expected_bits(exponent, step);
  const double snapshots = snapshots_written(o);
  const double picture = (o->output.drift ? 40.0 : 24.0) * n + 16.0 * o->output.fields * o->output.fields;
  const double rows = (double)o->steps / (double)o->output.every + 1.0;
  const double checkpoint =
      48.0 * n + bits / 8.0 * 2.0 * (double)mn_run_witnesses(o) * samples_kept(o) + mn_run_forecast(o, ranks).state;
  printf("cells               %.0f in blocks over %d rank%s\n", n, ranks, ranks == 1 ? "" : "s");
  printf("steps               %lld, of them %lld growing from %g to %g\n", (long long)o->steps,
         (long long)o->dynamics.schedule.ramp, o->dynamics.schedule.first, step);
  printf("past                %.0f samples at the end, %.2f bits per coordinate (entropy %.2f), positions to %.3g\n",
         samples_kept(o), bits, mn_slab_entropy(exponent, step), 0.5 * ldexp(1.0, exponent));
  printf("memory per rank     %.1f MiB of %.0f MiB\n", mebibytes(memory), mebibytes((double)mn_memory_machine()));
  printf("disk                %.1f MiB: %.0f snapshots %.1f, %d checkpoints %.1f, series %.1f\n",
         mebibytes(snapshots * picture + (o->stop.keep + 1) * checkpoint + rows * 8.0 * (2 + 2 * MN_OBSERVABLES)),
         snapshots, mebibytes(snapshots * picture), o->stop.keep + 1, mebibytes((o->stop.keep + 1) * checkpoint),
         mebibytes(rows * 8.0 * (2 + 2 * MN_OBSERVABLES)));
  print_work(o, ranks);
}

static void print_warning(mn_error *refusal)
{
  if (refusal) {
    printf("warning             %s\n", refusal->message);
  }
  mn_error_destroy(&refusal);
}

static mn_error *plan(const mn_session *session, int *exit_code)
{
  if (session->count < 1) {
    return mn_error_create(MN_USAGE, "plan needs a case file: mnemotaxis plan CASE.ini [section.key=value ...]");
  }
  mn_config *config = NULL;
  mn_run_options options;
  MN_TRY(mn_alloc(&config, 1, sizeof *config));
  mn_error *error = mn_session_config(session, config);
  error = error ? error : mn_session_prices(session, config);
  error = error ? error : mn_case_options(config, &options);
  if (!error && session->parallel->rank == 0) {
    print_plan(&options, session->parallel->size);
    if (mn_case_leaves_choice(&config->values) && config->values.calibrate != MN_CALIBRATE_NOTHING) {
      printf("note                drift.engine = auto: by constants here; a run tries both engines where it is not "
             "sure\n");
    }
    print_warning(mn_session_memory(session, &options));
  }
  *exit_code = MN_EXIT_FINISHED;
  mn_free(&config);
  return error;
}

const mn_command mn_command_plan = {"plan", "CASE.ini [section.key=value ...]",
                                    "memory per rank, bytes on disk, work; runs nothing", plan, false};

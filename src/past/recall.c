/* Times of samples and now differ by whole steps, or are equal but for rounding.
 */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/recall.h>

#include <math.h>

mn_error *mn_recall_prepare(mn_recall *r, const mn_history *past, double now)
{
  const int kept = mn_history_samples(past);
  if (!r->q) {
    MN_TRY(mn_alloc(&r->q, 2 * mn_history_cells(past), sizeof *r->q));
  }
  if (kept >= r->room) {
    const int room = 2 * kept + 1;
    MN_TRY(mn_resize(&r->times, room, sizeof *r->times));
    r->room = room;
  }
  r->samples = 0;
  while (r->samples < kept && mn_history_slab(past, r->samples)->time < now * (1.0 - 1e-12)) {
    r->times[r->samples] = mn_history_slab(past, r->samples)->time;
    r->samples++;
  }
  r->times[r->samples] = now;
  return NULL;
}

double mn_recall_window(const mn_recall *r)
{
  return r->times[r->samples] - r->times[r->samples - 1];
}

void mn_recall_walk(mn_recall *r, const mn_history *past, const mn_model *model, double tolerance,
                    mn_recall_visitor *visit, void *context)
{
  const double oldest = r->times[r->samples] - mn_kernel_memory(model);
  mn_cursor cursor;
  mn_cursor_start(&cursor, past, r->q);
  for (int k = 0; k < r->samples; k++) {
    mn_interval intervals[2];
    mn_gaussians rule;
    mn_cursor_next(&cursor);
    if (r->times[k + 1] < oldest) {
      continue;
    }
    const int count = mn_quadrature_intervals(model->quadrature, r->times, r->samples, k, intervals);
    mn_quadrature_rule(model, tolerance, count, intervals, &rule);
    visit(context, &rule, ldexp(1.0, cursor.exponent), r->q);
  }
}

void mn_recall_clear(mn_recall *r)
{
  mn_free(&r->times);
  mn_free(&r->q);
  *r = (mn_recall){0};
}

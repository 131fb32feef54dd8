/* A circular array of slabs.  Forgetting the oldest moves the base on by one decoded slab.  The coder of a rank keeps
 * the integers of its own last sample, so coding never looks at the ring. */
#include <mnemotaxis/history.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/slab.h>

#include <assert.h>
#include <math.h>
#include <string.h>

struct mn_history {
  mn_parallel parallel;
  mn_model model;
  mn_history_options options;
  int64_t count;
  mn_block block;
  int room; /* slabs the ring has room for */
  int head; /* of the oldest */
  int kept;
  mn_slab *ring;
  int64_t *base;      /* [count, 2] */
  int64_t *last;      /* [local, 2] integers of this block's newest sample */
  int64_t *fresh;     /* [local, 2] */
  uint32_t *outgoing; /* this block's coded slab */
  int64_t words;      /* in the ring */
  int64_t forgotten;
};

static const double seconds_tolerance = 1e-9; /* of the horizon: a sample exactly that old stays */

mn_error *mn_history_create(const mn_parallel *parallel, const mn_model *model, const mn_history_options *options,
                            int64_t count, mn_history **history)
{
  mn_history *h = NULL;
  mn_error *error = mn_alloc(&h, 1, sizeof *h);
  if (!error) {
    h->parallel = *parallel;
    h->model = *model;
    h->options = *options;
    h->count = count;
    h->block = mn_block_of(count, parallel->rank, parallel->size);
    h->room = 16;
    const int64_t local = mn_block_count(h->block);
    error = mn_alloc(&h->ring, h->room, sizeof *h->ring);
    error = error ? error : mn_alloc(&h->base, 2 * count, sizeof *h->base);
    error = error ? error : mn_alloc(&h->last, 2 * local, sizeof *h->last);
    error = error ? error : mn_alloc(&h->fresh, 2 * local, sizeof *h->fresh);
    error = error ? error : mn_alloc(&h->outgoing, mn_slab_words_max(local), sizeof *h->outgoing);
  }
  error = mn_agree(parallel, error);
  if (error) {
    mn_history_destroy(&h);
  }
  *history = h;
  return error;
}

static mn_slab *slab_at(const mn_history *h, int k)
{
  return &h->ring[(h->head + k) % h->room];
}

static void clear(mn_history *h)
{
  for (int k = 0; k < h->kept; k++) {
    mn_free(&slab_at(h, k)->words);
  }
  h->head = 0;
  h->kept = 0;
  h->words = 0;
}

void mn_history_destroy(mn_history **history)
{
  mn_history *h = *history;
  if (!h) {
    return;
  }
  if (h->ring) {
    clear(h);
  }
  mn_free(&h->ring);
  mn_free(&h->base);
  mn_free(&h->last);
  mn_free(&h->fresh);
  mn_free(&h->outgoing);
  mn_free(history);
}

static mn_error *make_room(mn_history *h)
{
  if (h->kept < h->room) {
    return NULL;
  }
  mn_slab *ring = NULL;
  MN_TRY(mn_alloc(&ring, 2 * (int64_t)h->room, sizeof *ring));
  for (int k = 0; k < h->kept; k++) {
    ring[k] = *slab_at(h, k);
  }
  mn_free(&h->ring);
  h->ring = ring;
  h->room *= 2;
  h->head = 0;
  return NULL;
}

/* Adds the differences of slab k to the base, whose exponent was `exponent`, and frees them. */
static void fold_into_base(mn_history *h, int exponent, int k)
{
  mn_slab *slab = slab_at(h, k);
  mn_slab_rescale(exponent, slab->exponent, h->count, h->base);
  mn_slab_decode(h->count, slab->words, h->base);
  h->words -= slab->count;
  slab->count = 0;
  mn_free(&slab->words);
}

static void forget_oldest(mn_history *h)
{
  fold_into_base(h, slab_at(h, 0)->exponent, 1);
  h->head = (h->head + 1) % h->room;
  h->kept--;
  h->forgotten++;
}

static bool too_much(const mn_history *h, double now)
{
  if (h->kept < 2) {
    return false;
  }
  const double age = now - slab_at(h, 0)->time;
  const bool old = h->options.horizon > 0.0 && age > h->options.horizon * (1.0 + seconds_tolerance);
  const int64_t shared = h->words * (int64_t)sizeof(uint32_t) + 2 * h->count * (int64_t)sizeof(int64_t);
  return old || (h->options.capacity > 0 && shared > h->options.capacity);
}

/* What can be refused, before anything changes: positions, and room in the ring. */
static mn_error *accept(mn_history *h, int exponent, const double *mine)
{
  MN_TRY(mn_slab_quantize(exponent, mn_block_count(h->block), mine, h->fresh));
  return make_room(h);
}

/* Codes h->fresh into h->outgoing; it becomes the coder's last sample. */
static int64_t encode(mn_history *h, int exponent)
{
  const int64_t local = mn_block_count(h->block);
  if (h->kept > 0) {
    mn_slab_rescale(slab_at(h, h->kept - 1)->exponent, exponent, local, h->last);
  }
  const int64_t coded = mn_slab_encode(local, h->last, h->fresh, h->outgoing);
  memcpy(h->last, h->fresh, (size_t)(2 * local) * sizeof *h->last);
  return coded;
}

mn_error *mn_history_append(mn_history *h, double time, double step, const double *mine)
{
  assert(h->kept == 0 || time > slab_at(h, h->kept - 1)->time);
  const int exponent = mn_slab_exponent(&h->model, h->options.tolerance, step);
  MN_TRY(mn_agree(&h->parallel, accept(h, exponent, mine)));
  const int64_t coded = encode(h, exponent);
  mn_slab slab = {.time = time, .exponent = exponent};
  MN_TRY(mn_gather_words(&h->parallel, h->outgoing, coded, &slab.words, &slab.count));
  h->kept++;
  *slab_at(h, h->kept - 1) = slab;
  h->words += slab.count;
  if (h->kept == 1) { /* coded against zeros */
    fold_into_base(h, exponent, 0);
  }
  while (too_much(h, time)) {
    forget_oldest(h);
  }
  return NULL;
}

int mn_history_samples(const mn_history *h)
{
  return h->kept;
}

const mn_slab *mn_history_slab(const mn_history *h, int k)
{
  assert(k >= 0 && k < h->kept);
  return slab_at(h, k);
}

const int64_t *mn_history_base(const mn_history *h)
{
  return h->base;
}

int64_t mn_history_cells(const mn_history *h)
{
  return h->count;
}

int64_t mn_history_forgotten(const mn_history *h)
{
  return h->forgotten;
}

/* Everything but the ring's words: base, coder state and its worst-case output. */
static int64_t fixed_bytes(int64_t count, int64_t local)
{
  return (int64_t)sizeof(mn_history) + (2 * count + 4 * local) * (int64_t)sizeof(int64_t) +
         mn_slab_words_max(local) * (int64_t)sizeof(uint32_t);
}

int64_t mn_history_bytes(const mn_history *h)
{
  return fixed_bytes(h->count, mn_block_count(h->block)) + h->room * (int64_t)sizeof *h->ring +
         h->words * (int64_t)sizeof(uint32_t);
}

double mn_history_bits(const mn_history *h)
{
  if (h->kept < 2) {
    return (double)NAN;
  }
  return (double)h->words * 32.0 / (2.0 * (double)h->count * (h->kept - 1.0));
}

mn_error *mn_history_restore(mn_history *h, int samples, mn_slab *slabs, const int64_t *base, int64_t forgotten)
{
  clear(h);
  mn_error *error = NULL;
  for (int k = 0; k < samples; k++) {
    if (k > 0 && !error) {
      error = mn_slab_check(h->count, slabs[k].words, slabs[k].count);
    }
    error = error ? error : make_room(h);
    if (error) {
      mn_free(&slabs[k].words);
      continue;
    }
    h->kept++;
    *slab_at(h, k) = slabs[k];
    h->words += slabs[k].count;
  }
  error = mn_agree(&h->parallel, error);
  if (error) {
    return error;
  }
  memcpy(h->base, base, (size_t)(2 * h->count) * sizeof *base);
  h->forgotten = forgotten;
  int64_t *q = NULL;
  MN_TRY(mn_agree(&h->parallel, mn_alloc(&q, 2 * h->count, sizeof *q)));
  mn_cursor cursor;
  mn_cursor_start(&cursor, h, q);
  for (int k = 0; k < samples; k++) {
    mn_cursor_next(&cursor);
  }
  memcpy(h->last, q + 2 * h->block.begin, (size_t)(2 * mn_block_count(h->block)) * sizeof *q);
  mn_free(&q);
  return NULL;
}

void mn_cursor_start(mn_cursor *cursor, const mn_history *history, int64_t *q)
{
  *cursor = (mn_cursor){.history = history, .q = q};
}

void mn_cursor_next(mn_cursor *cursor)
{
  const mn_history *h = cursor->history;
  assert(cursor->next < h->kept);
  const mn_slab *slab = slab_at(h, cursor->next);
  if (cursor->next == 0) {
    memcpy(cursor->q, h->base, (size_t)(2 * h->count) * sizeof *cursor->q);
  } else {
    mn_slab_rescale(cursor->exponent, slab->exponent, h->count, cursor->q);
    mn_slab_decode(h->count, slab->words, cursor->q);
  }
  cursor->exponent = slab->exponent;
  cursor->next++;
}

int64_t mn_history_expected_bytes(const mn_model *model, const mn_history_options *options, int64_t count,
                                  int64_t local_count, int64_t samples, double step)
{
  const double bits = mn_slab_expected_bits(mn_slab_exponent(model, options->tolerance, step), step);
  const double padded = (double)(MN_GROUP * mn_groups(count));
  double ring = bits / 8.0 * 2.0 * padded * (double)(samples > 0 ? samples - 1 : 0);
  const double cap = (double)options->capacity - 2.0 * (double)count * sizeof(int64_t);
  if (options->capacity > 0 && ring > cap) {
    ring = cap;
  }
  int64_t room = 16;
  while (room < samples) {
    room *= 2;
  }
  return fixed_bytes(count, local_count) + room * (int64_t)sizeof(mn_slab) + (int64_t)ring;
}

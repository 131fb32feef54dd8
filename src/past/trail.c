/* Fixed point: differences of places are exact, cost one instruction, and take half the memory of doubles where 32 bits
 * of the region are fine enough. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/trail.h>

#include <math.h>
#include <string.h>

/* Of the region, on either side of the origin, in units: differences of places fit into a word. */
static const double half = 0x1p30 - 1.0;

void mn_trail_begin(mn_block block, mn_trail *t)
{
  *t = (mn_trail){.block = block, .words = 2};
}

void mn_trail_clear(mn_trail *t)
{
  for (int k = 0; k < t->room; k++) {
    mn_free(&t->x[k]);
  }
  mn_free(&t->x);
  mn_free(&t->times);
  mn_free(&t->felt);
  t->samples = 0;
  t->room = 0;
}

/* A place in units. */
static inline double place_of(int words, const int32_t *first, const int32_t *second)
{
  return *first + (words == 2 ? 0x1p-30 * *second : 0.0);
}

/* Places of the trail's samples, in two words, in a unit 1/shrink times as large. */
static void shrink_places(mn_trail *t, double shrink)
{
  const int64_t coordinates = 2 * mn_block_count(t->block);
  for (int k = 0; k < t->samples; k++) {
    int32_t *first = t->x[k];
    int32_t *second = first + coordinates;
    for (int64_t i = 0; i < coordinates; i++) {
      const double place = shrink * place_of(2, &first[i], &second[i]);
      const double whole = rint(place);
      first[i] = (int32_t)whole;
      second[i] = (int32_t)rint((place - whole) * 0x1p30);
    }
  }
}

/* Arrays of samples to come are made anew when they are needed. */
static void drop_spare(mn_trail *t)
{
  for (int k = t->samples; k < t->room; k++) {
    mn_free(&t->x[k]);
  }
}

/* Of no use any more when it fails. */
static mn_error *write_in(mn_trail *t, int words)
{
  if (words != t->words) {
    drop_spare(t);
    for (int k = 0; k < t->samples; k++) {
      MN_TRY(mn_resize(&t->x[k], 2 * words * mn_block_count(t->block), sizeof **t->x));
    }
    t->words = words;
  }
  return NULL;
}

mn_error *mn_trail_reach(mn_trail *t, const double low[2], const double high[2])
{
  double farthest = 0.0;
  for (int a = 0; a < 2; a++) {
    if (!(t->unit > 0.0)) {
      t->origin[a] = 0.5 * (low[a] + high[a]);
    }
    farthest = fmax(farthest, fmax(high[a] - t->origin[a], t->origin[a] - low[a]));
  }
  if (t->unit > 0.0 && farthest <= half * t->unit) {
    return NULL;
  }
  int exponent;
  (void)frexp(farthest * (1.0 + 0x1p-29), &exponent); /* < 2^exponent */
  const double unit = ldexp(1.0, exponent - 30);
  MN_TRY(write_in(t, 2)); /* nobody knows yet how fine they have to stay */
  shrink_places(t, t->unit / unit);
  t->unit = unit;
  return NULL;
}

mn_error *mn_trail_resolve(mn_trail *t, double finest)
{
  return write_in(t, t->unit <= (t->words == 1 ? finest : 0.25 * finest) ? 1 : 2);
}

static inline double within(double bound, double place)
{
  const double above = place > -bound ? place : -bound;
  return above < bound ? above : bound;
}

/* Returns how many of n places are outside. */
static int64_t round_first(const double *from, double origin, double per_unit, int64_t n, int32_t *restrict first)
{
  int64_t outside = 0;
  for (int64_t i = 0; i < n; i++) {
    const double place = (from[2 * i] - origin) * per_unit;
    const double held = within(half, place);
    outside += held != place;
    first[i] = (int32_t)rint(held);
  }
  return outside;
}

static void round_second(const double *from, double origin, double per_unit, int64_t n, const int32_t *restrict first,
                         int32_t *restrict second)
{
  for (int64_t i = 0; i < n; i++) {
    const double left = (from[2 * i] - origin) * per_unit - first[i];
    second[i] = (int32_t)rint(within(0.5, left) * 0x1p30);
  }
}

bool mn_trail_round(const mn_trail *t, int64_t n, const double *from, int32_t *to)
{
  const double per_unit = 1.0 / t->unit;
  int64_t outside = 0;
  for (int a = 0; a < 2; a++) {
    int32_t *first = to + a * n;
    outside += round_first(from + a, t->origin[a], per_unit, n, first);
    if (t->words == 2) {
      round_second(from + a, t->origin[a], per_unit, n, first, first + 2 * n);
    }
  }
  return outside == 0;
}

void mn_trail_position(const mn_trail *t, int k, int64_t i, double position[2])
{
  const int64_t local = mn_block_count(t->block);
  for (int a = 0; a < 2; a++) {
    const int32_t *first = &t->x[k][a * local + i];
    position[a] = t->origin[a] + t->unit * place_of(t->words, first, first + 2 * (t->words - 1) * local);
  }
}

mn_error *mn_trail_append(mn_trail *t, double time, const double *mine)
{
  const int64_t local = mn_block_count(t->block);
  if (t->samples == t->room) {
    const int room = t->room == 0 ? 8 : 2 * t->room;
    MN_TRY(mn_resize(&t->times, room, sizeof *t->times));
    MN_TRY(mn_resize(&t->felt, room, sizeof *t->felt));
    MN_TRY(mn_resize(&t->x, room, sizeof *t->x));
    t->room = room;
  }
  if (!t->x[t->samples]) {
    MN_TRY(mn_alloc(&t->x[t->samples], 2 * t->words * local, sizeof **t->x));
  }
  if (mine && !mn_trail_round(t, local, mine, t->x[t->samples])) {
    return mn_error_create(MN_INTERNAL, "a cell has left the region of the own trails");
  }
  t->times[t->samples] = time;
  t->felt[t->samples] = (double)INFINITY;
  t->samples++;
  return NULL;
}

void mn_trail_drop(mn_trail *t, int k)
{
  int32_t *array = t->x[k]; /* kept for the next one */
  const size_t later = (size_t)(t->samples - k - 1);
  memmove(&t->times[k], &t->times[k + 1], later * sizeof *t->times);
  memmove(&t->felt[k], &t->felt[k + 1], later * sizeof *t->felt);
  memmove(&t->x[k], &t->x[k + 1], later * sizeof *t->x);
  t->samples--;
  t->x[t->samples] = array;
}

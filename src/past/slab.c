/* A field holds difference + 2^(width-1); the width of a coordinate of a group is the smallest that fits all of its
 * MN_GROUP differences, 0 when all are 0.  A partial last group is filled with zero differences.  Tried and rejected:
 * second differences (Brownian increments are independent: half a bit more), a width shared by x and y (no smaller),
 * entropy coding (0.6 bits smaller, ten times slower to decode). */
#include <mnemotaxis/parallel.h>
#include <mnemotaxis/slab.h>

#include <math.h>

enum { WORD_BITS = 32, WIDTH_MAX = 63 };

int mn_slab_exponent(const mn_model *model, double tolerance, double step)
{
  const double share = model->quadrature == MN_FROZEN ? 2.0 : 12.0;
  return (int)floor(log2(share * tolerance * sqrt((step + model->regularization) / model->theta)));
}

mn_error *mn_slab_quantize(int exponent, int64_t n, const double *x, int64_t *q)
{
  const double limit = 0x1p60;
  for (int64_t k = 0; k < 2 * n; k++) {
    const double scaled = ldexp(x[k], -exponent);
    if (!(fabs(scaled) < limit)) {
      return mn_error_create(MN_INTERNAL,
                             "cell %lld of this block is at coordinate %g: beyond what a slab with steps of %g holds",
                             (long long)(k / 2), x[k], ldexp(1.0, exponent));
    }
    q[k] = (int64_t)rint(scaled);
  }
  return NULL;
}

void mn_slab_rescale(int from, int to, int64_t n, int64_t *q)
{
  const int right = to - from;
  for (int64_t k = 0; k < 2 * n && right != 0; k++) {
    if (right > 0) {
      q[k] = right > 61 ? 0 : (q[k] + (INT64_C(1) << (right - 1))) >> right;
    } else {
      q[k] = (int64_t)((uint64_t)q[k] << -right);
    }
  }
}

int64_t mn_slab_words_max(int64_t n)
{
  return mn_groups(n) * (1 + 2 * WIDTH_MAX);
}

/* Smallest width w with -2^(w-1) <= d < 2^(w-1) for all d; d ^ (d >> 63) folds the sign away. */
static int width_of(const int64_t *d)
{
  uint64_t all = 0;
  for (int k = 0; k < MN_GROUP; k++) {
    all |= (uint64_t)(d[k] ^ (d[k] >> 63)) << 1 | (d[k] != 0);
  }
  int width = 0;
  while (all >> width) {
    width++;
  }
  return width;
}

static void pack(int width, const int64_t *d, uint32_t *words)
{
  for (int w = 0; w < width; w++) {
    words[w] = 0;
  }
  const uint64_t bias = width > 0 ? UINT64_C(1) << (width - 1) : 0;
  int bit = 0;
  for (int k = 0; k < MN_GROUP; k++) {
    uint64_t rest = (uint64_t)d[k] + bias;
    for (int left = width; left > 0;) {
      const int offset = bit % WORD_BITS;
      const int taken = left < WORD_BITS - offset ? left : WORD_BITS - offset;
      const uint64_t mask = (UINT64_C(1) << taken) - 1;
      words[bit / WORD_BITS] |= (uint32_t)((rest & mask) << offset);
      rest >>= taken;
      bit += taken;
      left -= taken;
    }
  }
}

/* Up to 32 bits: a field lies within two neighbouring words. */
static void unpack_narrow(int width, const uint32_t *words, int64_t *d)
{
  const uint64_t mask = (UINT64_C(1) << width) - 1;
  const int64_t bias = INT64_C(1) << (width - 1);
  for (int k = 0; k < MN_GROUP; k++) {
    const int bit = k * width;
    const int word = bit / WORD_BITS;
    const int last = (bit + width - 1) / WORD_BITS;
    const uint64_t pair = (uint64_t)words[last] << WORD_BITS | words[word];
    d[k] = (int64_t)((pair >> (bit % WORD_BITS)) & mask) - bias;
  }
}

static void unpack_wide(int width, const uint32_t *words, int64_t *d)
{
  const uint64_t bias = UINT64_C(1) << (width - 1);
  int bit = 0;
  for (int k = 0; k < MN_GROUP; k++) {
    uint64_t value = 0;
    for (int have = 0; have < width;) {
      const int offset = bit % WORD_BITS;
      const int taken = width - have < WORD_BITS - offset ? width - have : WORD_BITS - offset;
      const uint64_t mask = (UINT64_C(1) << taken) - 1;
      value |= ((words[bit / WORD_BITS] >> offset) & mask) << have;
      have += taken;
      bit += taken;
    }
    d[k] = (int64_t)(value - bias);
  }
}

static void unpack(int width, const uint32_t *words, int64_t *d)
{
  if (width == 0) {
    for (int k = 0; k < MN_GROUP; k++) {
      d[k] = 0;
    }
  } else if (width <= WORD_BITS) {
    unpack_narrow(width, words, d);
  } else {
    unpack_wide(width, words, d);
  }
}

static int group_cells(int64_t n, int64_t first)
{
  return n - first < MN_GROUP ? (int)(n - first) : MN_GROUP;
}

int64_t mn_slab_encode(int64_t n, const int64_t *from, const int64_t *to, uint32_t *words)
{
  int64_t at = 0;
  for (int64_t first = 0; first < n; first += MN_GROUP) {
    const int cells = group_cells(n, first);
    int64_t d[2][MN_GROUP] = {{0}};
    for (int k = 0; k < cells; k++) {
      d[0][k] = to[2 * (first + k)] - from[2 * (first + k)];
      d[1][k] = to[2 * (first + k) + 1] - from[2 * (first + k) + 1];
    }
    const int width[2] = {width_of(d[0]), width_of(d[1])};
    words[at++] = (uint32_t)width[0] | (uint32_t)width[1] << 8;
    pack(width[0], d[0], words + at);
    pack(width[1], d[1], words + at + width[0]);
    at += width[0] + width[1];
  }
  return at;
}

int64_t mn_slab_decode(int64_t n, const uint32_t *words, int64_t *q)
{
  int64_t at = 0;
  for (int64_t first = 0; first < n; first += MN_GROUP) {
    const int cells = group_cells(n, first);
    const int width[2] = {(int)(words[at] & 0xff), (int)(words[at] >> 8 & 0xff)};
    at++;
    int64_t d[2][MN_GROUP];
    unpack(width[0], words + at, d[0]);
    unpack(width[1], words + at + width[0], d[1]);
    at += width[0] + width[1];
    for (int k = 0; k < cells; k++) {
      q[2 * (first + k)] += d[0][k];
      q[2 * (first + k) + 1] += d[1][k];
    }
  }
  return at;
}

mn_error *mn_slab_check(int64_t n, const uint32_t *words, int64_t count)
{
  int64_t at = 0;
  for (int64_t first = 0; first < n; first += MN_GROUP) {
    if (at >= count || (words[at] & 0xff) > WIDTH_MAX || (words[at] >> 8) > WIDTH_MAX) {
      return mn_error_create(MN_DATA, "a history slab is damaged at word %lld of %lld", (long long)at,
                             (long long)count);
    }
    at += 1 + (int64_t)(words[at] & 0xff) + (int64_t)(words[at] >> 8);
  }
  if (at != count) {
    return mn_error_create(MN_DATA, "a history slab has %lld words where its headers say %lld", (long long)count,
                           (long long)at);
  }
  return NULL;
}

double mn_slab_entropy(int exponent, double step)
{
  const double pi_e = 8.53973422267356706546;
  return 0.5 * log2(2.0 * step * 2.0 * pi_e) - exponent;
}

/* E[width] = sum over w of P(width > w); all MN_GROUP differences fit w bits with the power MN_GROUP of an erf. */
double mn_slab_expected_bits(int exponent, double step)
{
  const double sigma = ldexp(sqrt(2.0 * step), -exponent);
  double bits = (double)WORD_BITS / (2.0 * MN_GROUP);
  for (int w = 0; w < WIDTH_MAX; w++) {
    const double half_range = w > 0 ? ldexp(1.0, w - 1) : 0.5;
    bits += 1.0 - pow(erf(half_range / (sigma * sqrt(2.0))), MN_GROUP);
  }
  return bits;
}

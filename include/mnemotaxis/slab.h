/** @file slab.h  The slab coder: positions of one time as bit-packed differences of fixed-point numbers.
 *
 * A position is stored as eta q, q an integer, eta a power of two, so that coding loses at most eta/2
 * per coordinate and decoding is exact.  Cells go by groups of MN_GROUP: one header word with the two
 * widths, then the differences to the slab before, MN_GROUP fields of that many bits per coordinate, so
 * a group is a whole number of 32-bit words.  Byte layout: docs/format.md.
 */
#ifndef MNEMOTAXIS_SLAB_H
#define MNEMOTAXIS_SLAB_H

#include <mnemotaxis/error.h>
#include <mnemotaxis/kernel.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Exponent e of eta = 2^e for a slab that is first used at lag `step`: the largest with
 * eta <= 12 tolerance sqrt((step + regularization)/theta), with 2 for 12 where sources are frozen.  Local.
 * Why 12 and 2: theory.md (15); the error in the drift is measured by bench_slab (12) and test_drift (both). */
int mn_slab_exponent(const mn_model *model, double tolerance, double step);

/** Rounds positions to multiples of eta = 2^exponent.  Local.
 * @param n  cells
 * @param x  [n, 2]
 * @param q  [n, 2] receives the integers
 * Fails: MN_INTERNAL when a position is not finite or beyond 2^60 eta. */
mn_error *mn_slab_quantize(int exponent, int64_t n, const double *x, int64_t *q) MN_MUST_CHECK;

/** Re-expresses integers of one exponent in another: q -> round(q 2^(from - to)), halves up.  Local. */
void mn_slab_rescale(int from, int to, int64_t n, int64_t *q);

/** Words that any slab of n cells fits in.  Local. */
int64_t mn_slab_words_max(int64_t n);

/** Codes `to` as differences to `from`, both [n, 2].  Local.
 * @param words  room for mn_slab_words_max(n)
 * @returns words written
 * Cost: about 3 ns a coordinate. */
int64_t mn_slab_encode(int64_t n, const int64_t *from, const int64_t *to, uint32_t *words);

/** Adds the coded differences to q.  Local.
 * @param words  a slab that mn_slab_check has accepted
 * @returns words read
 * Cost: about 1 ns a coordinate. */
int64_t mn_slab_decode(int64_t n, const uint32_t *words, int64_t *q);

/** Walks over the headers of a slab.  Local.
 * Fails: MN_DATA when they do not describe n cells in exactly `count` words. */
mn_error *mn_slab_check(int64_t n, const uint32_t *words, int64_t count) MN_MUST_CHECK;

/** Bits per coordinate that independent Brownian increments over `step` need at eta = 2^exponent:
 * log2(sqrt(2 step) sqrt(2 pi e)/eta).  Local. */
double mn_slab_entropy(int exponent, double step);

/** Bits per coordinate the coder is expected to use for such increments, headers included.  Local.
 * Accuracy: 0.05 bits (test_slab). */
double mn_slab_expected_bits(int exponent, double step);

#ifdef __cplusplus
}
#endif
#endif

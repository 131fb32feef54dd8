/** @file noise.h  Counter-based random numbers: any draw of any cell at any step, in any order.
 *
 * Philox4x32-10 (Random123; Salmon et al., SC 2011) with key (seed, stream) and counter
 * (cell, step, draw): what a cell draws depends on nothing else, so not on the number of ranks.
 */
#ifndef MNEMOTAXIS_NOISE_H
#define MNEMOTAXIS_NOISE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Independent families of draws. */
typedef enum mn_stream {
  MN_STREAM_INITIAL = 1,
  MN_STREAM_MOTION = 2,
  MN_STREAM_COMPARE = 3,
  MN_STREAM_AUDIT = 4,
  MN_STREAM_REPLICA = 5,
  MN_STREAM_BOOTSTRAP = 6
} mn_stream;

/** The four words that Philox4x32-10 makes of key (seed, stream) and counter (id, step low, step high,
 * draw).  Local. */
void mn_noise_words(uint32_t seed, mn_stream stream, uint32_t id, uint64_t step, uint32_t draw, uint32_t words[4]);

/** Two independent uniform numbers in (0, 1), 52 bits each.  Local. */
void mn_noise_uniform(uint32_t seed, mn_stream stream, uint32_t id, uint64_t step, uint32_t draw, double out[2]);

/** Two independent standard normal numbers, by Box and Muller.  Local.  Cost: about 30 ns. */
void mn_noise_normal(uint32_t seed, mn_stream stream, uint32_t id, uint64_t step, uint32_t draw, double out[2]);

#ifdef __cplusplus
}
#endif
#endif

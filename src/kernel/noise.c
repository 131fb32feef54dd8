/* Random123's Philox; the words become doubles by their upper 52 bits, centred so that neither 0 nor 1 occurs. */
#include <mnemotaxis/noise.h>

#include <Random123/philox.h>
#include <math.h>

void mn_noise_words(uint32_t seed, mn_stream stream, uint32_t id, uint64_t step, uint32_t draw, uint32_t words[4])
{
  const philox4x32_ctr_t counter = {{id, (uint32_t)step, (uint32_t)(step >> 32), draw}};
  const philox4x32_key_t key = {{seed, (uint32_t)stream}};
  const philox4x32_ctr_t out = philox4x32(counter, key);
  for (int k = 0; k < 4; k++) {
    words[k] = out.v[k];
  }
}

static double uniform(uint32_t high, uint32_t low)
{
  const uint64_t bits = ((uint64_t)high << 32 | low) >> 12;
  return ((double)bits + 0.5) * 0x1p-52;
}

void mn_noise_uniform(uint32_t seed, mn_stream stream, uint32_t id, uint64_t step, uint32_t draw, double out[2])
{
  uint32_t words[4];
  mn_noise_words(seed, stream, id, step, draw, words);
  out[0] = uniform(words[0], words[1]);
  out[1] = uniform(words[2], words[3]);
}

void mn_noise_normal(uint32_t seed, mn_stream stream, uint32_t id, uint64_t step, uint32_t draw, double out[2])
{
  const double pi = 3.14159265358979323846;
  double u[2];
  mn_noise_uniform(seed, stream, id, step, draw, u);
  const double radius = sqrt(-2.0 * log(u[0]));
  out[0] = radius * cos(2.0 * pi * u[1]);
  out[1] = radius * sin(2.0 * pi * u[1]);
}

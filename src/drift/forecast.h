/* forecast.h  What the engines are expected to cost, by constants. */
#ifndef MN_DRIFT_FORECAST_H
#define MN_DRIFT_FORECAST_H

#include <mnemotaxis/drift.h>

/* Nanoseconds of one core over the steps that grow and two hundred more. */
typedef struct mn_rivals {
  double direct, spectral;
} mn_rivals;

mn_rivals mn_forecast_rivals(const mn_model *model, const mn_drift_options *options, int64_t count, double variance);

/* Nanoseconds of the longest step of the spectral engine in the middle of two hundred. */
double mn_forecast_spectral(const mn_model *model, const mn_drift_options *options, int64_t count, double variance);

/* Nanoseconds of the average of the direct engine's two hundred. */
double mn_forecast_direct(const mn_model *model, const mn_drift_options *options, int64_t count);

/* Samples that the direct engine sums over then. */
double mn_forecast_samples(const mn_model *model, const mn_drift_options *options);

#endif

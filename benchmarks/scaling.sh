#!/bin/sh
# scaling.sh BUILD_DIR [CELLS STEPS TOLERANCE]: bench_direct on 1 and 2 ranks in turn, five times; prints the ratio of the
# minima and of the medians, and fails if the results differ by a bit.
set -eu
build=$1
shift
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for repeat in 1 2 3 4 5; do
  for ranks in 1 2; do
    mpirun -q -n $ranks "$build/benchmarks/bench_direct" "$@" | grep -v '^#' | tail -n 1 | tee -a "$out"
  done
done
sort -t, -k4,4n -k5,5n "$out" | awk -F, '
  { t[$4, ++n[$4]] = $5; sum[$13] = 1 }
  END {
    for (s in sum) kinds++
    printf "1 -> 2 ranks: %.3f times faster (minima), %.3f (medians)\n", t[1, 1] / t[2, 1], t[1, 3] / t[2, 3]
    if (kinds != 1) { print "the checksums differ"; exit 1 }
  }'

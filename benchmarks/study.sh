#!/bin/sh
# study.sh BUILD_DIR: what a study costs besides its runs, on 2 ranks.  Prints the share of time that ranks were busy with 64 small
# runs, the seconds a run of 32 cells and one step takes (nothing but set-up, statistics and output), and the seconds in which
# a finished study is told again.
set -eu
program=$(realpath "$1/mnemotaxis")
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
where=$(mktemp -d)
trap 'rm -rf "$where"' EXIT
cd "$where"
printf '[drift]\nengine = auto\ntolerance = 1e-3\n[study]\nreplicas = 16\n' >study.ini

busy() {
  mpirun -q -n 2 "$program" study study.ini output.directory="$1" study.counts="$2" | sed -n 's/^ranks were busy.* \([0-9]*\) %.*/\1/p'
}
now() { date +%s.%N; }

echo "cells,busy_percent"
echo "32 ... 256,$(busy small '32 64 128 256')"
echo "128 ... 1024,$(busy larger '128 256 512 1024')"
"$program" study study.ini output.directory=one study.counts=32 study.replicas=200 time.end=0.02 >/dev/null
echo "seconds_a_run,largest"
cat one/journal-*.txt | awk -F'\t' '{ sum += $4; most = $4 > most ? $4 : most } END { printf "%.4f,%.4f\n", sum / NR, most }'
start=$(now)
mpirun -q -n 2 "$program" study study.ini output.directory=larger study.counts='128 256 512 1024' >/dev/null
echo "seconds_to_tell_again"
echo "$start $(now)" | awk '{ printf "%.2f\n", $2 - $1 }'

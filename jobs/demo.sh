#!/bin/sh
# demo.sh [section.key=value ...]: installs what is missing, builds, runs the demo on 2 ranks, solves the continuum
# equation for the same case, compares the two, draws both.
set -eu
cd "$(dirname "$0")/.."
jobs/install.sh
echo "demo.sh: building in build/release (log: build/demo.log)"
mkdir -p build
if ! { cmake --preset release -G Ninja && cmake --build --preset release; } >build/demo.log 2>&1; then
  tail -n 30 build/demo.log
  exit 1
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mnemotaxis="mpirun -q --oversubscribe -n 2 build/release/mnemotaxis"
$mnemotaxis run jobs/demo.ini "$@"
$mnemotaxis pde jobs/demo.ini output.snapshot_every=10 "$@" output.directory=runs/demo-pde
$mnemotaxis compare runs/demo runs/demo-pde
jobs/python.sh jobs/plot.py runs/demo
jobs/python.sh jobs/compare.py runs/demo runs/demo-pde

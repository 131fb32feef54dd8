#!/bin/sh
# run.sh: installs what is missing, builds with warnings as errors, runs all tests.  CI runs this.
set -eu
cd "$(dirname "$0")/.."
jobs/install.sh test
mkdir -p build
echo "run.sh: building in build/test (log: build/test.log)"
if ! { cmake -S . -B build/test -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O2 -g" \
         -DMNEMOTAXIS_WERROR=ON && cmake --build build/test; } >build/test.log 2>&1; then
  tail -n 40 build/test.log
  exit 1
fi
ctest --test-dir build/test --output-on-failure -j "$(nproc)" "$@"

#!/bin/sh
# python.sh ARG ...: runs a Python that can import h5py, numpy and matplotlib; the first in PATH need not be the one that
# the system's packages belong to.
for python in python3 /usr/bin/python3; do
  if "$python" -c 'import h5py, numpy, matplotlib' 2>/dev/null; then
    exec "$python" "$@"
  fi
done
echo "python.sh: no python3 here can import h5py, numpy and matplotlib (Debian: python3-h5py python3-matplotlib)" >&2
exit 1

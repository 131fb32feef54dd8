#!/bin/sh
# install.sh [test]: installs the Debian or Ubuntu packages that are missing; says what it does; sudo only if needed.
# "test" adds what only the tests use.
set -eu
packages="build-essential cmake ninja-build pkg-config libopenmpi-dev openmpi-bin libhdf5-openmpi-dev libpetsc-real-dev
          librandom123-dev libfftw3-dev libxxhash-dev libinih-dev python3 python3-numpy python3-h5py python3-matplotlib"
[ "${1:-}" = test ] && packages="$packages libcmocka-dev slurm-wlm slurmctld slurmd slurm-client munge"

if ! command -v dpkg-query >/dev/null; then
  echo "install.sh: this is no Debian or Ubuntu; install what corresponds to:" $packages
  exit 0
fi
missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo "install.sh: all packages are there"
  exit 0
fi
sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
echo "install.sh: installing with${sudo:+ $sudo} apt-get:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q >/dev/null
$sudo apt-get install -q -y --no-install-recommends $missing >/dev/null
echo "install.sh: done"

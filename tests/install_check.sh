#!/bin/sh
# install_check.sh BUILD_DIR: what is installed can be used, by pkg-config and by find_package, and the program runs.
set -eu
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null
cat >"$work/use.c" <<'C'
#include <mnemotaxis/mnemotaxis.h>
#include <stdio.h>
int main(void)
{
  printf("%.3f\n", mn_exponential_integral(1.0));
  return 0;
}
C
cat >"$work/CMakeLists.txt" <<'C'
cmake_minimum_required(VERSION 3.18)
project(use C)
find_package(mnemotaxis REQUIRED)
add_executable(use use.c)
target_link_libraries(use mnemotaxis::mnemotaxis)
C
export PKG_CONFIG_PATH="$(dirname "$(find "$work/prefix" -name mnemotaxis.pc)")"
cc "$work/use.c" $(pkg-config --cflags --libs --static mnemotaxis) -o "$work/use_pc"
[ "$("$work/use_pc")" = 0.219 ] && echo "pkg-config: ok"
cmake -S "$work" -B "$work/b" -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null && cmake --build "$work/b" >/dev/null
[ "$("$work/b/use")" = 0.219 ] && echo "find_package: ok"
"$work/prefix/bin/mnemotaxis" --version

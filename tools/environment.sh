#!/usr/bin/env bash
# Makes .venv with every package of constraints.txt, on a machine that may have nothing yet.
#
# As root on a Debian the missing system packages are installed; elsewhere the script says what it
# expected, what it found and what to install. The project itself is installed by the Makefile.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "setup: $*"; }

fail() { # expected, found, what to do
  printf 'setup: expected %s\nsetup: found    %s\nsetup: %s\n' "$1" "$2" "$3" >&2
  exit 1
}

version_of() { # what a program says of itself, or that there is none
  if command -v "$1" >/dev/null; then "$1" --version 2>&1 | head -n 1; else echo 'none'; fi
}

# Any Python from 3.11 on is right; the plain name comes first.
find_python() {
  local name
  for name in "${PYTHON3:-python3}" python3.11 python3.12 python3.13 python3.14; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
}

python_can_build() { # has venv, pip for it, and the headers that an extension needs
  "$1" -c '
import ensurepip, os, sys, sysconfig, venv
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' 2>/dev/null
}

compiler_works() {
  echo '#include <concepts>
int main() { return std::same_as<int, long>; }' |
    "${CXX:-g++}" -std=gnu++20 -x c++ -fsyntax-only - 2>/dev/null
}

libdeflate_links() { # the compiler finds its header and its library
  echo '#include <libdeflate.h>
int main() { libdeflate_free_decompressor(libdeflate_alloc_decompressor()); }' |
    "${CXX:-g++}" -x c++ - -ldeflate -o /dev/null 2>/dev/null
}

install_system_packages() {
  local python
  python=$(find_python)
  if [ -n "$python" ] && python_can_build "$python" && compiler_works && libdeflate_links; then return; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then return; fi
  say 'installing g++, libdeflate and python3 with its headers (apt-get)'
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null
  apt-get install -qq -y --no-install-recommends g++ libc6-dev libdeflate-dev python3 python3-dev \
    python3-venv >/dev/null
}

# The tests of proxies run against these programs, and are skipped without them: nothing here may fail.
install_test_programs() {
  if command -v tinyproxy >/dev/null && command -v microsocks >/dev/null; then return; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say 'without tinyproxy and microsocks the tests of proxies will be skipped'
    return
  fi
  say 'installing tinyproxy and microsocks for the tests of proxies (apt-get)'
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update -qq && apt-get install -qq -y --no-install-recommends tinyproxy-bin microsocks; } \
    >/dev/null 2>&1; then
    say 'they cannot be had here: the tests of proxies will be skipped'
  fi
}

require_tools() {
  local python
  python=$(find_python)
  [ -n "$python" ] || fail 'Python 3.11 or newer as python3 (or named by PYTHON3)' \
    "$(version_of "${PYTHON3:-python3}")" 'install python3, python3-venv and python3-dev'
  python_can_build "$python" || fail "$python with the modules venv and ensurepip and the file Python.h" \
    "$("$python" --version 2>&1) without one of them" 'install python3-venv and python3-dev'
  compiler_works || fail "a C++20 compiler as ${CXX:-g++} (or named by CXX)" \
    "$(version_of "${CXX:-g++}")" 'install g++ 11 or newer'
  libdeflate_links || fail 'libdeflate 1.1 or newer with its header libdeflate.h, for the native core' \
    'no such header, or no library to link' 'install libdeflate-dev'
}

make_environment() {
  if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    say "making .venv with $("$(find_python)" --version)"
    "$(find_python)" -m venv --clear .venv
  fi
  say "installing uv ${UV_VERSION:?is set by the Makefile}"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
  say "installing $(grep -c == constraints.txt) pinned packages"
  VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip install --quiet --requirement constraints.txt
}

install_system_packages
install_test_programs
require_tools
make_environment

#!/usr/bin/env bash
# Builds every native/fuzz/<name>.cpp with libFuzzer and the sanitizers and runs it for FUZZ_SECONDS.
#
# A target starts from tests/corpus/<name> if that exists and keeps what it learns in build/fuzz.
# A crash ends the run with a non-zero exit and the path of the input that caused it.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-60}
out=build/fuzz

fuzzer_works() {
  echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
    "$1" -std=gnu++20 -fsanitize=fuzzer,address,undefined -x c++ - -o "$out/probe" 2>/dev/null
}

find_clang() {
  local name
  for name in "${FUZZ_CXX:-clang++}" clang++-19 clang++-20 clang++-18 clang++-17 clang++-16; do
    if command -v "$name" >/dev/null && fuzzer_works "$name"; then
      echo "$name"
      return
    fi
  done
}

libdeflate_works() { # compiler
  printf '#include <libdeflate.h>\nint main() { return libdeflate_alloc_decompressor() == nullptr; }\n' |
    "$1" -std=gnu++20 -x c++ - -ldeflate -o "$out/probe" 2>/dev/null
}

install_packages() { # what is missing, packages
  local missing=$1
  shift
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "fuzz: expected $missing, found none; install $*" >&2
    exit 1
  fi
  echo "fuzz: installing $* (apt-get)"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null
  apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# It runs as a condition, where `set -e` has no effect: every step that can fail says what follows.
run_target() { # compiler, source
  local name directory seeds=() crashes=()
  name=$(basename "$2" .cpp)
  directory=$out/$name
  mkdir -p "$directory/corpus" "$directory/crashes"
  echo "fuzz: building $name"
  rm -f "$directory/run"
  "$1" -std=gnu++20 -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all \
    -fsanitize=fuzzer,address,undefined -Inative/include "$2" -ldeflate -o "$directory/run" || {
    echo "fuzz: $name does not compile" >&2
    return 1
  }
  if [ -d "tests/corpus/$name" ]; then seeds=("tests/corpus/$name"); fi
  echo "fuzz: running $name for $seconds s"
  if "$directory/run" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="$directory/crashes/" "$directory/corpus" "${seeds[@]}" \
    >"$directory/log.txt" 2>&1; then
    awk '/number_of_executed_units/ {units = $2} END {print "fuzz: no crash in " units " inputs"}' "$directory/log.txt"
    return
  fi
  tail -n 60 "$directory/log.txt" >&2
  crashes=("$directory"/crashes/*)
  if [ ${#crashes[@]} = 0 ]; then
    echo "fuzz: $name ended with an error, and left no input" >&2
  else
    # shellcheck disable=SC2012
    echo "fuzz: $name crashed; the input is $(ls -t "${crashes[@]}" | head -n 1)" >&2
  fi
  return 1
}

shopt -s nullglob
sources=(native/fuzz/*.cpp)
if [ ${#sources[@]} = 0 ]; then
  echo 'fuzz: expected sources in native/fuzz, found none' >&2
  exit 1
fi
mkdir -p "$out"
compiler=$(find_clang)
if [ -z "$compiler" ]; then
  install_packages 'clang++ with libFuzzer' clang-19 libclang-rt-19-dev
  compiler=$(find_clang)
fi
: "${compiler:?clang-19 is installed, but libFuzzer does not link}"
libdeflate_works "$compiler" || install_packages 'the headers of libdeflate' libdeflate-dev
failed=0
for source in "${sources[@]}"; do
  run_target "$compiler" "$source" || failed=1
done
exit $failed

#!/usr/bin/env bash
# lint.sh [--all]: format, spelling and clang-tidy. clang-tidy reads the files
# that differ from origin/main (without it: from the commit before), or, with
# --all, every file: some 20 minutes on two cores. Changes no source.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
fail() { printf 'lint.sh: %s\n' "$*" >&2; failed=1; }

scripts/setup.sh
mapfile -t sources < <(git ls-files '*.cpp' '*.hpp' | xargs ls -d 2>/dev/null)
clang-format --dry-run -Werror "${sources[@]}" \
  || fail "format: run clang-format -i on these files"

mapfile -t files < <(git ls-files | xargs ls -d 2>/dev/null)
codespell "${files[@]}" \
  || fail "spelling: correct it, or extend ignore-words-list in .codespellrc"

base=$(git rev-parse --verify --quiet origin/main \
  || git rev-parse --verify --quiet HEAD~1 || true)
folders=(messages runtime actors tools)
if [ "${1:-}" = --all ] || [ -z "$base" ]; then
  changed=$(git ls-files "${folders[@]}" | grep '\.cpp$' || true)
else
  changed=$(git diff --name-only --diff-filter=d "$base" -- "${folders[@]}" \
    | grep '\.cpp$' || true)
  # A change of everything, such as a rename, is left to --all.
  count=$(grep -c . <<<"$changed" || true)
  if [ "$count" -gt 40 ]; then
    echo "lint.sh: clang-tidy skipped: $count files differ; run with --all" >&2
    changed=
  fi
fi
if [ -n "$changed" ]; then
  # One command line per file, without the precompiled headers of g++. What
  # CMake generates for #include comes from a build that is there already.
  cmake --preset lint >/dev/null
  generated=()
  for build in build/release build/debug build/asan; do
    [ -d "$build/generated" ] && generated+=("--extra-arg=-I$PWD/$build/generated")
  done
  [ "${#generated[@]}" -gt 0 ] || fail "clang-tidy: run scripts/build.sh before"
  # clang 14 does not know every feature of C++20 that g++ 12 does, such as
  # captured structured bindings: its own errors are not ours.
  found=$(xargs -P "$(nproc)" -n 4 clang-tidy-14 -p build/lint --quiet \
    "${generated[@]}" <<<"$changed" 2>/dev/null \
    | grep -A 4 'error: .*-warnings-as-errors\]$' || true)
  if [ -n "$found" ]; then
    printf '%s\n' "$found"
    fail "clang-tidy: see above; the checks are in .clang-tidy"
  fi
fi
exit "$failed"

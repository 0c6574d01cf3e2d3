#!/usr/bin/env bash
# build.sh [PRESET [TARGET]]: sets up and builds a preset (default: release),
# all of it or one target such as `programs`, and the functions beside their
# sources.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
target=${2:-all}

scripts/setup.sh
cmake --preset "$preset" >build.log 2>&1 || { cat build.log; exit 1; }
rm -f build.log
cmake --build --preset "$preset" --target "$target"
cli=build/$preset/bin/edgeless_cli
[ -x "$cli" ] || exit 0 # not part of the target
for function in functions/*/function.json; do
  "$cli" function build "$function" >/dev/null
done

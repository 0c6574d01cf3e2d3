#!/usr/bin/env bash
# test.sh: every check, about half an hour on two cores.
#   lint     format, spelling, clang-tidy
#   release  all tests, the system tests included
#   asan     units, scenarios, simulation under address and UB sanitizers
#   fuzz     5,000 fixed inputs for each parser
#   soak     a minute of new seeds, fuzzing and system tests
#   figures  compared with docs/report.json: printed, never an error
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh release
scripts/lint.sh
ctest --preset release
scripts/build.sh asan sanitized
ctest --preset asan
scripts/fuzz.sh runs=5000
scripts/soak.sh 1m
if [ -e docs/report.json ]; then
  build/release/bin/edgeless_benchmark report --quick \
    --compare docs/report.json || echo "test.sh: no figures to compare" >&2
else
  echo "test.sh: figures not compared: docs/report.json is not committed"
fi

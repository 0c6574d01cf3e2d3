#!/usr/bin/env bash
# Runs every test: all of them on the release build; units, scenarios and the
# simulation under the address and undefined-behaviour sanitizers, too; a few
# thousand inputs nobody expects for each parser.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh release
ctest --preset release
scripts/build.sh asan sanitized
ctest --preset asan
scripts/fuzz.sh runs=5000

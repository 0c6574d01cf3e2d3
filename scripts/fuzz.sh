#!/usr/bin/env bash
# fuzz.sh [SECONDS | runs=N] [TARGET ...]: runs the libFuzzer target of each
# parser of foreign bytes for SECONDS (default: 60) with random inputs, or with
# N inputs that are the same at each run. An input that breaks a target is kept
# as build/fuzz/broken-TARGET-*.
set -euo pipefail
cd "$(dirname "$0")/.."
amount=${1:-60}
shift || true
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(frames payload toml workflow_json module
  snapshot intent redis mirror url http connectors)
case $amount in
  runs=*) limit=("-runs=${amount#runs=}" -seed=1) ;;
  *) limit=("-max_total_time=$amount") ;;
esac

scripts/setup.sh
# Not every package of clang has libFuzzer.
if ! clang++ -x c++ -fsanitize=fuzzer -o /dev/null - 2>/dev/null \
  <<<'extern "C" int LLVMFuzzerTestOneInput(const char*, long) { return 0; }'
then
  echo "fuzz.sh: skipped: this clang++ has no libFuzzer" \
    "(Debian: libclang-rt-14-dev)" >&2
  # Part of test.sh: skipped. Asked for by itself: an error.
  case $amount in runs=*) exit 0 ;; *) exit 1 ;; esac
fi
scripts/build.sh fuzz

# The seed corpus: committed inputs, configuration files, workflows, guests.
seeds=build/fuzz/seeds
rm -rf $seeds
mkdir -p $seeds
cp -r test/fuzz/corpus/. $seeds/
mkdir -p $seeds/{toml,workflow_json,module}
cp conf/*.toml $seeds/toml/
for file in examples/*/workflow.json functions/*/function.json; do
  cp "$file" "$seeds/workflow_json/$(tr / _ <<<"$file")"
done
for file in test/guests/*.wat test/guests/state/*.wat; do
  wat2wasm -o "$seeds/module/$(basename "$file" .wat).wasm" "$file" || true
done
build/fuzz/bin/frame_seeds $seeds/frames $seeds/payload

cd build/fuzz
for target in "${targets[@]}"; do
  mkdir -p "found/$target"
  # New inputs are kept from run to run, except with runs=N.
  folders=("found/$target" "seeds/$target")
  case $amount in runs=*) folders=("seeds/$target") ;; esac
  echo "fuzz_$target ${limit[*]}"
  log=$target.log
  if ! bin/fuzz_"$target" "${limit[@]}" -timeout=10 -rss_limit_mb=2048 \
    -max_len=65536 -artifact_prefix="broken-$target-" \
    "${folders[@]}" >"$log" 2>&1; then
    tail -40 "$log"
    echo "fuzz_$target is broken: see build/fuzz/broken-$target-*" >&2
    exit 1
  fi
  tail -1 "$log"
done

#!/usr/bin/env bash
# fuzz.sh [SECONDS | runs=N] [TARGET ...]: feeds every parser of foreign bytes
# what it does not expect: for so many seconds each (default: 60), at random; or
# N inputs, the same ones at each run. What breaks one is kept in build/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
amount=${1:-60}
shift || true
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(frames payload toml workflow_json module
  intent redis mirror url)
case $amount in
  runs=*) limit=("-runs=${amount#runs=}" -seed=1) ;;
  *) limit=("-max_total_time=$amount") ;;
esac

scripts/setup.sh
# Some of clang's packages come without it.
if ! clang++ -x c++ -fsanitize=fuzzer -o /dev/null - 2>/dev/null \
  <<<'extern "C" int LLVMFuzzerTestOneInput(const char*, long) { return 0; }'
then
  echo "fuzz.sh: skipped: this clang++ has no libFuzzer" \
    "(Debian: libclang-rt-14-dev)" >&2
  # All the same to those who test everything, not to those who want this.
  case $amount in runs=*) exit 0 ;; *) exit 1 ;; esac
fi
scripts/build.sh fuzz

# What the inputs begin with: what the tests and users have.
seeds=build/fuzz/seeds
rm -rf $seeds
mkdir -p $seeds
cp -r test/fuzz/corpus/. $seeds/
mkdir -p $seeds/{toml,workflow_json,module}
cp conf/*.toml $seeds/toml/
for file in examples/*/workflow.json functions/*/function.json; do
  cp "$file" "$seeds/workflow_json/$(tr / _ <<<"$file")"
done
for file in test/guests/*.wat; do
  wat2wasm -o "$seeds/module/$(basename "$file" .wat).wasm" "$file" || true
done
build/fuzz/bin/frame_seeds $seeds/frames $seeds/payload

cd build/fuzz
for target in "${targets[@]}"; do
  mkdir -p "found/$target"
  # Inputs that were new are kept from run to run, but for the same ones.
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

#!/usr/bin/env bash
# soak.sh DURATION: new seeds of the simulation, fuzzing, the system tests and
# random kills of real programs (test/system/chaos/soak.py) in turns, until DURATION is over (10 = hours, 90m = minutes). Needs the release
# build. The first seed is drawn from the clock and printed: each failure names
# the command that replays it. A night (12) takes some 100,000 seeds.
#   soak.sh 1m   a minute, as part of test.sh: 200 seeds a round, one system test
set -euo pipefail
cd "$(dirname "$0")/.."
usage() { echo "usage: soak.sh HOURS | MINUTESm" >&2; exit 1; }

case ${1:-} in
  *m) number=${1%m} unit=60 ;;
  *) number=${1:-} unit=3600 ;;
esac
[[ $number =~ ^[1-9][0-9]*$ ]] || usage
seconds=$((number * unit))
bin=build/release/bin
[ -x $bin/simulation ] || scripts/build.sh release

# Rounds are short against the whole: a minute is one round of a few seconds
# each; hours have rounds of 5,000 seeds and a minute of fuzzing per parser.
short=$((seconds < 600))
seeds=$((short ? 200 : 5000))
fuzzing=$((short ? 1 : 60))
tests=(lifecycle users redis restart metrics proxy_cli tls isolation hostile
  load walkthrough endurance hosts http http_domain http_tls mqtt kafka dda
  connectors chaos/descriptors chaos/floods chaos/sizes chaos/inputs chaos/disks
  chaos/memory chaos/modules chaos/topologies)
export EDGELESS_MOVES=100
[ "$short" = 0 ] || tests=(lifecycle)
# Ten minutes without a broker, at 1,000 messages a second.
[ "$short" = 1 ] || export MQTT_OUTAGE_SECS=600

end=$((SECONDS + seconds))
seed=$(($(date +%s) % 1000000000))
total=0
rounds=0
echo "soak.sh: from seed $seed on, for $seconds s"
while [ "$SECONDS" -lt "$end" ]; do
  "$bin/simulation" --seed "$seed" --runs "$seeds" 2>build/soak.log \
    || { tail -n 40 build/soak.log; exit 1; }
  seed=$((seed + seeds))
  total=$((total + seeds))
  [ "$SECONDS" -lt "$end" ] || break
  if [ "$short" = 0 ]; then
    scripts/fuzz.sh "$fuzzing"
  else
    scripts/fuzz.sh "runs=5000" frames
  fi
  [ "$SECONDS" -lt "$end" ] || break
  test=${tests[$((rounds % ${#tests[@]}))]}
  file=test/system/$(dirname "$test")/test_$(basename "$test").py
  EDGELESS_BIN=$PWD/$bin python3 "$file" \
    >build/soak.log 2>&1 || { tail -n 60 build/soak.log; exit 1; }
  if [ "$short" = 0 ]; then
    EDGELESS_BIN=$PWD/$bin python3 test/system/chaos/soak.py 120 "$seed" \
      >build/soak.log 2>&1 || { tail -n 60 build/soak.log; exit 1; }
  fi
  rounds=$((rounds + 1))
done
echo "soak.sh: $total seeds, $rounds rounds, no failure"

#!/usr/bin/env bash
# The main features step by step: two nodes, a workflow that writes to a log
# file, a chain of three functions, and failover after kill -9 of a node; then
# the walk-through: Redis, proxy_cli, a migration. Works in a temporary directory
# and on free ports, and cleans up after itself.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "${*//$bin\//}"; "$@"; }
die() { printf '\ndemo: %s\n' "$*" >&2; exit 1; }

say "Setting up: packages, release build, functions"
scripts/build.sh release programs
bin=$root/build/release/bin

work=$(mktemp -d -t edgeless-demo-XXXXXX)
started=()
clean_up() {
  for process in "${started[@]}"; do
    kill -TERM "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap clean_up EXIT
cd "$work"
export XDG_CACHE_HOME=$work/cache

# -- free ports -----------------------------------------------------
ports=($(python3 - <<'PYTHON'
import socket
sockets = [socket.socket() for _ in range(8)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))
PYTHON
))
declare -A moved=([7001]=${ports[0]} [7011]=${ports[1]} [7021]=${ports[2]}
                  [7002]=${ports[3]} [7121]=${ports[4]} [7102]=${ports[5]})
rewrite_ports() {
  for old in "${!moved[@]}"; do
    sed -i "s|127.0.0.1:$old\"|127.0.0.1:${moved[$old]}\"|" "$@"
  done
}

say "1. A box: controller, orchestrator and one node, from their templates"
run "$bin/edgeless_inabox" -t
run "$bin/edgeless_cli" -t cli.toml
rewrite_ports controller.toml orchestrator.toml node.toml cli.toml
sed -i 's|^metrics_url = .*|metrics_url = ""|' node.toml
"$bin/edgeless_inabox" >box.log 2>&1 &
box=$!
started+=($box)

say "2. A second node in its own process"
"$bin/edgeless_node_d" -t node-2.toml
sed -i -e "s|127.0.0.1:7021\"|127.0.0.1:${ports[6]}\"|" \
       -e "s|127.0.0.1:7002\"|127.0.0.1:${ports[7]}\"|" \
       -e 's|^metrics_url = .*|metrics_url = ""|' \
       -e '/^http_ingress_provider/s|= .*|= ""|' node-2.toml
rewrite_ports node-2.toml
# Resources are placed on the node in the box: the second node will be killed.
sed -i 's|^file_log_provider = .*|file_log_provider = ""|' node-2.toml
"$bin/edgeless_node_d" -c node-2.toml >node-2.log 2>&1 &
second=$!
started+=($second)
second_id=$(sed -n 's/^node_id = "\(.*\)"/\1/p' node-2.toml)

for _ in $(seq 100); do
  "$bin/edgeless_cli" domain list 2>/dev/null | grep -q '(2 nodes)' && break
  sleep 0.1
done
run "$bin/edgeless_cli" domain list | grep '(2 nodes)' \
  || die "the nodes did not join: $(tail -n 3 box.log node-2.log)"

say "3. message_generator -> file-log; the generator on the second node"
sed -e "s|../../functions|$root/functions|" \
    -e "s|\"init-payload\": \"message=hello world,period=1000\"|\
\"init-payload\": \"message=hello world,period=100\"|" \
    "$root/examples/file_log/workflow.json" >workflow.json
# Placement is random: restarted until the generator is on the second node.
start_until_there() {
  for _ in $(seq 40); do
    workflow=$("$bin/edgeless_cli" workflow start workflow.json)
    "$bin/edgeless_cli" workflow inspect "$workflow" \
      | grep -q "^my-message-generator running on node $second_id" && return
    "$bin/edgeless_cli" workflow stop "$workflow" >/dev/null
    rm -f my-local-file.log
  done
  die "the generator was never placed on the second node"
}
start_until_there
printf '$ edgeless_cli workflow start workflow.json\n%s\n' "$workflow"
for _ in $(seq 50); do [ -s my-local-file.log ] && break; sleep 0.1; done
sleep 1
run tail -n 3 my-local-file.log

say "4. vector_mul: a chain of three functions"
python3 - "$root" >chain.json <<'PYTHON'
import json, sys
root = sys.argv[1]
chain = json.load(open(root + "/examples/vector_mul/workflow-chain.json"))
for function in chain["functions"]:
    code = function["class_specification"]
    code["code"] = code["code"].replace("../..", root)
    function["annotations"]["init-payload"] = \
        function["annotations"]["init-payload"].replace("10000", "1000")
    # The metrics-collector needs Redis, see the second half.
    function["output_mapping"].pop("metric", None)
chain["resources"] = []
json.dump(chain, sys.stdout, indent=2)
PYTHON
chain=$("$bin/edgeless_cli" workflow start chain.json)
run "$bin/edgeless_cli" workflow inspect "$chain" | sed -n '/^\* state/,$p'
"$bin/edgeless_cli" workflow inspect "$chain" | grep -q '^client running' \
  || die "the chain does not run"

say "5. kill -9 of the node that hosts the generator"
now_ms() { date +%s%3N; }
lines=$(wc -l <my-local-file.log)
killed=$(now_ms)
kill -9 "$second"
wait "$second" 2>/dev/null || true
for _ in $(seq 400); do
  line=$(tail -n +$((lines + 1)) my-local-file.log \
         | grep -v "from node_id $second_id" | head -n 1 || true)
  [ -n "$line" ] && break
  sleep 0.01
done
[ -n "${line:-}" ] || die "no new line in the log: $(tail -n 5 box.log)"
took=$(( $(date -d "${line%% *}" +%s%3N) - killed ))
tail -n 4 my-local-file.log
echo
echo "The log continues with the other node: its first event was written" \
     "$took ms after the kill."

say "6. Everything is stopped"
run "$bin/edgeless_cli" workflow stop all

say "The second half: mirror and intents in Redis"
EDGELESS_BIN=$bin "$root/scripts/walkthrough.sh"
say "Done."

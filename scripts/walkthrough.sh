#!/usr/bin/env bash
# The step-by-step example of the documentation, command by command: two nodes, a
# measured chain of functions, all views of the mirror in Redis, and migrations
# that are visible in a log file: with a counter from 0, and one that goes on. The
# output of each command is compared with the documentation.
#
# Works in a temporary directory and cleans up after itself. Uses the ports of
# the example, or free ones where they are in use. EDGELESS_BIN is the directory
# of the programs; without it, build/release/bin is built and used.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

c=fda6ce79-46df-4f96-a0d2-456f720f606c
d=fda6ce79-46df-4f96-a0d2-456f720f606d
uuid='[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
timeout_secs=60 # generous: speed is not checked

# -- printing, running, comparing ------------------------------------------------

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

die() {
  printf '\nwalkthrough: %s\n' "$*" >&2
  for log in box.log node-2.log; do
    [ -s "$log" ] && printf -- '--- end of %s\n%s\n' "$log" \
      "$(tail -n 15 "$log")" >&2
  done
  exit 1
}

# Runs a command, prints it and its output, and stores the output in $printed.
run() {
  printf '$ %s\n' "$*"
  printed=$("$@") || die "this failed: $*"
  [ -z "$printed" ] || printf '%s\n' "$printed"
}

show_printed() {
  sed -n '1,40p; 41s/.*/.../p' <<<"$printed" | cut -c 1-300
}

# Like run, but repeats the command until its output passes a check:
# run_until CHECK COMMAND... Long output is shortened.
run_until() {
  local check=$1 end=$((SECONDS + timeout_secs)) problem=""
  shift
  printf '$ %s\n' "$*"
  until printed=$("$@") && problem=$($check <<<"$printed"); do
    if ((SECONDS > end)); then
      show_printed
      die "not what the documentation shows: ${problem:-it failed}"
    fi
    sleep 0.2
  done
  show_printed
}

# Checks that all lines of stdin match a pattern: each_line PATTERN WHAT.
each_line() {
  local line
  while IFS= read -r line; do
    [[ $line =~ ^$1$ ]] || { echo "no $2: $line"; return 1; }
  done
}

# Checks the number of matching lines: lines_of COUNT PATTERN TEXT.
lines_of() {
  local found
  found=$(grep -cE "^$2$" <<<"$3" || true)
  [ "$found" -eq "$1" ] || { echo "$found lines $2 instead of $1"; return 1; }
}

# Waits for a matching line in a file: await PATTERN FILE.
await() {
  local end=$((SECONDS + timeout_secs))
  until grep -qE "$1" "$2" 2>/dev/null; do
    ((SECONDS < end)) || die "no line in $2 has the form $1"
    sleep 0.2
  done
}

# -- directory, ports and processes----------------------------------------------

started=()
clean_up() {
  local process
  for ((i = ${#started[@]} - 1; i >= 0; --i)); do
    process=${started[i]}
    kill -TERM "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  cd /
  rm -rf "$work"
}

# Runs a program in the background: launch LOG COMMAND...
launch() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 &
  started+=($!)
}

# Prints OLD NEW for each of these ports: the same port if it is free.
choose_ports() {
  python3 - "$@" <<'PYTHON'
import socket, sys
held = []
def bind(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    held.append(s)
    return s.getsockname()[1]
for port in map(int, sys.argv[1:]):
    try:
        print(port, bind(port))
    except OSError:
        print(port, bind(0))
PYTHON
}

# The working directory has the layout of a built copy of the repository.
set_up() {
  local bin=${EDGELESS_BIN:-$root/build/release/bin}
  if [ -z "${EDGELESS_BIN:-}" ]; then
    say "Setting up: packages, release build, functions"
    "$root/scripts/build.sh" release programs
  fi
  work=$(mktemp -d -t edgeless-walkthrough-XXXXXX)
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  cd "$work"
  ln -s "$root"/{functions,examples,scripts} .
  mkdir target
  ln -s "$bin" target/debug
  export XDG_CACHE_HOME=$work/cache

  declare -gA port
  local old new
  while read -r old new; do
    port[$old]=$new
    [ "$old" = "$new" ] || echo "port $old is taken: using $new instead"
  done < <(choose_ports 6379 7001 7011 7002 7003 7102 7202)
  redis=${port[6379]}
  redis_cli=(redis-cli)
  proxy_cli=(target/debug/proxy_cli)
  if [ "$redis" != 6379 ]; then
    redis_cli+=(-p "$redis")
    proxy_cli+=(-r "redis://127.0.0.1:$redis")
  fi
  # Without a terminal, redis-cli would omit quotes and item numbers, which the
  # documentation shows.
  redis_cli+=(--no-raw)
}

# Replaces the ports in a file by the chosen ones.
rewrite_ports() {
  local old
  for old in "${!port[@]}"; do
    sed -i "s|127.0.0.1:$old\"|127.0.0.1:${port[$old]}\"|" "$@"
  done
}

# -- the steps ------------------------------------------------------------------

write_node_2() {
  cat >node-2.toml <<'TOML'
[general]
node_id = "fda6ce79-46df-4f96-a0d2-456f720f606d"
agent_url = "http://127.0.0.1:7221"
agent_url_announced = ""
invocation_url = "http://127.0.0.1:7202"
invocation_url_announced = ""
orchestrator_url = "http://127.0.0.1:7011"

[telemetry]
metrics_url = ""
performance_samples = true

[wasm_runtime]
enabled = true
TOML
}

# Switches a section of orchestrator.toml to Redis: use_redis SECTION KEY.
use_redis() {
  sed -i "/^\[$1\]/,/^redis_url/ {
    s|^$2 = .*|$2 = \"Redis\"|
    s|^redis_url = .*|redis_url = \"redis://127.0.0.1:6379\"|
  }" orchestrator.toml
}

configure() {
  say "1. Configuration files: templates, edited; and one for a second node"
  run target/debug/edgeless_inabox -t
  run target/debug/edgeless_cli -t cli.toml
  sed -i "s|^node_id = .*|node_id = \"$c\"|" node.toml
  use_redis proxy proxy_type
  use_redis collector collector_type
  write_node_2
  rewrite_ports controller.toml orchestrator.toml node.toml cli.toml \
    node-2.toml
  sed -n '/^\[proxy\]/,/^$/p; /^\[collector\]/,/^$/p' orchestrator.toml \
    | grep -v '^#'
}

start_programs() {
  say "2. A Redis, the box and the second node"
  launch redis.log redis-server --bind 127.0.0.1 --port "$redis" --save '' \
    --dir "$work"
  local end=$((SECONDS + timeout_secs))
  until [[ $("${redis_cli[@]}" PING 2>/dev/null) == PONG ]]; do
    ((SECONDS < end)) || die "redis-server: $(tail -n 3 redis.log)"
    sleep 0.1
  done
  echo '$ target/debug/edgeless_inabox'
  launch box.log target/debug/edgeless_inabox
  echo '$ target/debug/edgeless_node_d -c node-2.toml'
  launch node-2.log target/debug/edgeless_node_d -c node-2.toml
  end=$((SECONDS + timeout_secs))
  until [[ $(target/debug/edgeless_cli domain list 2>/dev/null) \
    == *"(3 nodes)"* ]]; do
    ((SECONDS < end)) || die "the nodes did not join, and the collector's"
    sleep 0.1
  done
}

start_chain() {
  say "3. A chain of three vector_mul"
  run target/debug/edgeless_cli function build functions/vector_mul/function.json
  run target/debug/edgeless_cli workflow start \
    examples/vector_mul/workflow-chain.json
  each_line "$uuid" "workflow id" <<<"$printed" || die "no workflow id"
}

check_dump() {
  local text key
  text=$(cat)
  for key in "node:capabilities:$c \(string\)" \
    "nodes:capabilities:$d \(string\)" "node:health:$d \(string\)" \
    "provider:.+ \(string\)" "instance:$uuid \(string\)" \
    "dependency:$uuid \(string\)" \
    "performance:function_execution_time:$uuid \(list\)" \
    "workflow:vector_mul_wf_chain:average \(string\)" \
    "workflow:vector_mul_wf_chain:samples \(list\)"; do
    grep -qE "^$key$" <<<"$text" || { echo "no key $key"; return 1; }
  done
}

look_at_everything() {
  say "4. All that is in Redis"
  local arguments=()
  [ "$redis" = 6379 ] || arguments=(-p "$redis")
  run_until check_dump scripts/redis_dump.sh "${arguments[@]}"
}

check_health() {
  local text n='-?[0-9]+'
  text=$(cat)
  each_line "$uuid -> global cpu usage $n%, load $n, memory free $n kb, used \
$n kb, total $n kb, available $n kb, process cpu usage $n%, memory $n kb, \
vmemory $n kb" "line of a node's health" <<<"$text" \
    && lines_of 3 '.*' "$text" \
    && lines_of 1 "$c -> .*" "$text" && lines_of 1 "$d -> .*" "$text"
}

# Three functions on the nodes c and d, and one resource on the third node, that
# of the metrics-collector in the orchestrator.
check_instances() {
  local text line node="" functions=0 resources=0
  text=$(cat)
  while IFS= read -r line; do
    if [[ $line =~ ^$uuid$ ]]; then
      node=$line
    elif [[ $line =~ ^\[F\]\ $uuid$ && ($node = "$c" || $node = "$d") ]]; then
      ((++functions))
    elif [[ $line =~ ^\[R\]\ $uuid$ && -n $node && $node != "$c" \
      && $node != "$d" ]]; then
      ((++resources))
    else
      echo "unexpected: $line"
      return 1
    fi
  done <<<"$text"
  [ "$functions $resources" = "3 1" ] \
    || { echo "$functions functions and $resources resources"; return 1; }
}

look_at_nodes() {
  say "5. The health of all three nodes: one of them is in the orchestrator"
  run_until check_health "${proxy_cli[@]}" show node health
  say "6. Placements: the collector in the orchestrator, functions on the nodes"
  run_until check_instances "${proxy_cli[@]}" show node instances
}

# Each file has lines of execution time and timestamp.
check_performance() {
  local file n='[0-9]+(\.[0-9]+)?'
  each_line "saving to function_execution_time-$uuid\.dat" "file" || return 1
  for file in function_execution_time-*.dat; do
    [ -s "$file" ] || { echo "$file is empty"; return 1; }
    each_line "$n,[0-9]{10}(\.[0-9]{1,3})?" "line of $file" <"$file" || return 1
  done
}

look_at_performance() {
  say "7. The execution times, in seconds, and when they came"
  run_until check_performance "${proxy_cli[@]}" dump performance
  local files=(function_execution_time-*.dat)
  run head -n 5 "${files[0]}"
}

check_average() { each_line '"[0-9]+(\.[0-9]+)?"' "average"; }

# Five numbered samples, the newest first.
check_samples() {
  local text
  text=$(cat)
  each_line '[1-5]\) "[0-9]+,[0-9]{10}\.[0-9]{3}"' "sample" <<<"$text" \
    && lines_of 5 '.*' "$text" || return 1
  sed 's/.*,\(.*\)"/\1/' <<<"$text" | sort -rnc 2>/dev/null \
    || { echo "not the newest first"; return 1; }
}

look_at_application() {
  say "8. What the application measured: the average, and the last five samples"
  run_until check_average "${redis_cli[@]}" \
    get workflow:vector_mul_wf_chain:average
  run_until check_samples "${redis_cli[@]}" \
    lrange workflow:vector_mul_wf_chain:samples 0 4
}

line_from() { # NODE NUMBER
  local time='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}'
  echo "^$time\+00:00 from node_id $1 function_id $uuid \[#$2\]: hello world$"
}

start_log() {
  say "9. message_generator -> file-log: a line each second"
  run target/debug/edgeless_cli function build \
    functions/message_generator/function.json
  run target/debug/edgeless_cli workflow start examples/file_log/workflow.json
  await "$(line_from "$uuid" 2)" my-local-file.log
  run tail my-local-file.log
  local form
  form=$(line_from "$uuid" '[0-9]+')
  ! grep -qvE "$form" my-local-file.log || die "a line has not the form $form"
}

check_mapping() { each_line "$uuid -> $uuid" "mapping"; }

migrate() {
  say "10. Which function is it, and on which node?"
  local line instance from to
  line=$(tail -n 1 my-local-file.log)
  from=$(sed -E "s/.* node_id ($uuid) .*/\1/" <<<"$line")
  instance=$(sed -E "s/.* function_id ($uuid) .*/\1/" <<<"$line")
  to=$c
  [ "$from" = "$d" ] || to=$d
  run_until check_mapping "${proxy_cli[@]}" show logical-to-physical
  logical=$(sed -n "s/ -> $instance$//p" <<<"$printed")
  [ -n "$logical" ] || die "no logical id for $instance"
  echo "It is $logical on the node that ends with ${from: -1}."

  say "11. Migration to the node that ends with ${to: -1}"
  run "${proxy_cli[@]}" intent migrate "$logical" "$to"
  await "$(line_from "$to" 1)" my-local-file.log
  run tail -n 4 my-local-file.log
  check_log "$from" "$instance" "$to"
  destination=$to
}

# First one node, then the other, whose instance counts from 0.
check_log() { # FROM INSTANCE TO
  local moved
  moved=$(grep -m 1 " node_id $3 " my-local-file.log)
  [[ $moved == *"[#0]: hello world" ]] || die "does not count from 0: $moved"
  [[ $moved != *" function_id $2 "* ]] || die "the same instance: $moved"
  ! sed "1,/ node_id $3 /d" my-local-file.log | grep " node_id $1 " \
    || die "the old instance goes on"
}

is_home() {
  grep -qx "$logical -> $destination" \
    || { echo "$logical is not on $destination"; return 1; }
}

verify() {
  say "12. The mirror says so, too"
  run_until is_home "${proxy_cli[@]}" show functions
}

# The same with state_policy Memory: the counter goes on.
keep_memory() {
  say "13. The same with state_policy = \"Memory\": the counter goes on"
  run target/debug/edgeless_cli workflow start examples/kept_memory/workflow.json
  await "$(line_from "$uuid" 2)" my-kept-file.log
  local line from to
  line=$(tail -n 1 my-kept-file.log)
  from=$(sed -E "s/.* node_id ($uuid) .*/\1/" <<<"$line")
  instance=$(sed -E "s/.* function_id ($uuid) .*/\1/" <<<"$line")
  to=$c
  [ "$from" = "$d" ] || to=$d
  run_until check_mapping "${proxy_cli[@]}" show logical-to-physical
  logical=$(sed -n "s/ -> $instance$//p" <<<"$printed")
  [ -n "$logical" ] || die "no logical id for $instance"
  run "${proxy_cli[@]}" intent migrate "$logical" "$to" --wait
  await " node_id $to " my-kept-file.log
  sleep 2
  run tail -n 6 my-kept-file.log
  check_kept_log
}

# Counts without a gap over the migration.
check_kept_log() {
  local line next=0
  while IFS= read -r line; do
    [[ $line == *" [#$next]: hello world" ]] || die "expected #$next: $line"
    next=$((next + 1))
  done <my-kept-file.log
  ((next > 4)) || die "only $next lines"
}

set_up
configure
start_programs
start_chain
look_at_everything
look_at_nodes
look_at_performance
look_at_application
start_log
migrate
verify
keep_memory
say "Done: everything is as the documentation shows it."

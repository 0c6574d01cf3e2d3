#!/usr/bin/env bash
# redis_dump.sh [OPTIONS OF redis-cli]: prints all keys of a Redis with their
# values, in the order of the keys. Options select the server and the database,
# such as -h HOST, -p PORT, -n DATABASE or -a PASSWORD. Needs only redis-cli; uses
# SCAN, since KEYS would block a large Redis. Bytes that are not text are printed
# as redis-cli escapes them.
set -euo pipefail
export LC_ALL=C

die() { printf 'redis_dump.sh: %s\n' "$*" >&2; exit 1; }

# Quoted and escaped: each key and each value is one line.
ask() { redis-cli --no-raw "$@"; }

answer=$(ask "$@" PING 2>&1) || die "$answer"
[[ $answer == *PONG ]] || die "$answer"

keys=$(ask "$@" --scan | sort -u)
[ -n "$keys" ] || exit 0

types=$(sed 's/^/TYPE /' <<<"$keys" | ask "$@")

# One line of commands for each key: its name after a mark, then its value.
mark=key-$RANDOM$RANDOM
commands() {
  paste -d '\t' <(printf '%s\n' "$types") <(printf '%s\n' "$keys") \
    | awk -F '\t' -v mark="$mark" '
        BEGIN {
          before["string"] = "GET "
          before["list"] = "LRANGE ";  after["list"] = " 0 -1"
          before["set"] = "SMEMBERS "
          before["zset"] = "ZRANGE ";  after["zset"] = " 0 -1 WITHSCORES"
          before["hash"] = "HGETALL "
          before["stream"] = "XRANGE "; after["stream"] = " - +"
        }
        $1 == "none" { next } # deleted in the meantime
        {
          # The key may hold tabs: everything after the first is the key.
          key = substr($0, length($1) + 2)
          print "ECHO \"" mark " " $1 " " substr(key, 2)
          print ($1 in before) ? before[$1] key after[$1] \
                               : "ECHO \"a type that cannot be dumped\""
        }'
}

# Names at the margin, values indented, and without the quotes around them.
commands | ask "$@" | awk -v mark="\"$mark " '
  { line = $0 }
  index(line, mark) == 1 {
    rest = substr(line, length(mark) + 1)
    type = substr(rest, 1, index(rest, " ") - 1)
    key = substr(rest, index(rest, " ") + 1)
    line = "\"" key
  }
  {
    # The last quote ends the line; the first may follow a number.
    if (match(line, /"/) && line ~ /"$/) {
      head = substr(line, 1, RSTART - 1)
      text = substr(line, RSTART + 1, length(line) - RSTART - 1)
      gsub(/\\\\/, "\001", text)
      gsub(/\\"/, "\"", text)
      gsub(/\001/, "\\", text)
      line = head text
    }
    if (index($0, mark) == 1)
      print line " (" type ")"
    else
      print "  " line
  }'

#!/usr/bin/env bash
# setup.sh: installs the packages that a fresh Debian 12 lacks. Quick when none
# is missing.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache git ca-certificates
  libcaf-dev libboost1.81-dev libtomlplusplus-dev prometheus-cpp-dev
  libhiredis-dev doctest-dev libspdlog-dev libcli11-dev libsqlite3-dev
  libssl-dev libcurl4-openssl-dev libncurses-dev libseccomp-dev
  libmosquitto-dev librdkafka-dev # drivers of resources; without one of these
  libgrpc++-dev libprotobuf-dev protobuf-compiler-grpc # cmake leaves it out
  libhowardhinnant-date-dev tzdata libpq-dev
  clang lld wabt   # functions in C++, and the guests of the tests
  clang-format-14 clang-format clang-tidy-14 codespell # scripts/lint.sh
  libclang-rt-14-dev # libFuzzer
  iproute2         # network namespaces for the system tests
  nftables         # packet loss in the system tests
  python3          # the system tests
  valgrind         # instruction counts
  strace           # system call counts
  prometheus       # scrapes in the system tests; promtool checks conf/
  redis-server     # the mirror in the system tests
  nginx-light wrk  # HTTP: system tests, baselines of the report
  mosquitto mosquitto-clients python3-grpcio python3-protobuf openssl # brokers
  postgresql-15    # sqlx in the system tests
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null \
    | grep -q 'install ok installed' || missing+=("$package")
done

# The WebAssembly engine needs Rust 1.95 or later. Debian packages a recent one
# for its browsers (cargo-web); it conflicts with the older cargo.
rust_version() {
  cargo --version 2>/dev/null | sed -n 's/^cargo \([0-9]*\)\.\([0-9]*\).*/\1 \2/p'
}
read -r major minor _ <<<"$(rust_version) 0 0"
if [ "$major" -lt 1 ] || { [ "$major" -eq 1 ] && [ "$minor" -lt 95 ]; }; then
  missing+=(cargo-web rustc-web)
fi

if [ "${#missing[@]}" -gt 0 ]; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  echo "Installing ${missing[*]}"
  # prometheus, redis-server, postgresql, nginx and mosquitto are test programs
  # here: start no service.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
  fi
  "${as_root[@]}" apt-get update -qq \
    || echo "setup.sh: some package sources cannot be reached" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  for name in prometheus nginx-light mosquitto postgresql-15; do
    [[ " ${missing[*]} " == *" $name "* ]] && command -v systemctl >/dev/null \
      || continue
    service=${name%-*}
    "${as_root[@]}" systemctl disable --quiet "$service" 2>/dev/null || true
  done
fi

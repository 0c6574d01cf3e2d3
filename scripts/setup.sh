#!/usr/bin/env bash
# Makes a fresh Debian 12 ready to build: installs what is missing. Quick when
# nothing is.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache git ca-certificates
  libcaf-dev libboost1.81-dev libtomlplusplus-dev prometheus-cpp-dev
  libhiredis-dev doctest-dev libspdlog-dev libcli11-dev libsqlite3-dev
  libssl-dev libncurses-dev libseccomp-dev
  clang lld wabt   # functions in C++, and the guests of the tests
  libclang-rt-14-dev # libFuzzer
  iproute2         # hosts of their own for the system tests
  nftables         # whose packets get lost
  python3          # the system tests drive the real programs
  valgrind         # counts instructions
  strace           # counts system calls
  prometheus       # scrapes them; promtool checks conf/
  redis-server     # what the mirror is tested against
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null \
    | grep -q 'install ok installed' || missing+=("$package")
done

# The WebAssembly engine wants Rust 1.95; Debian keeps a recent one for its
# browsers, which conflicts with its own older cargo.
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
  # Programs to test with, not services: none is started, now or at boot.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
  fi
  "${as_root[@]}" apt-get update -qq \
    || echo "Some package sources cannot be reached; trying with the others" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  if [[ " ${missing[*]} " == *" prometheus "* ]] && command -v systemctl \
    >/dev/null; then
    "${as_root[@]}" systemctl disable --quiet prometheus 2>/dev/null || true
  fi
fi

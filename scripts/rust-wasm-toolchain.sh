#!/bin/bash
# A Rust compiler that can target wasm32-unknown-unknown, without rustup's
# network and without root: Debian's rustc-web with the sources of its standard
# library, unpacked into a folder.
#   rust-wasm-toolchain.sh [FOLDER]
# FOLDER is by default the one where `edgeless_cli function build` looks:
# ~/.cache/edgeless/rust. Afterwards FOLDER/wasm-rustc and FOLDER/wasm-cargo
# work; wasm-cargo needs any cargo >= 1.90 in PATH.
set -eu

folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/edgeless/rust}
mkdir -p "$folder/debs"
folder=$(cd "$folder" && pwd)
cd "$folder/debs"

version=$(apt-cache policy rustc-web \
  | sed -n 's/ *Candidate: \([0-9]*\.[0-9]*\).*/\1/p')
llvm=$(apt-cache search --names-only '^libllvm[0-9]+$' \
  | sed -n 's/^libllvm\([0-9]*\) .*/\1/p' | sort -n | tail -1)
if [ -z "$version" ] || [ -z "$llvm" ]; then
  echo "the package sources of this machine have no rustc-web:" \
       "Debian 12 has; try apt-get update" >&2
  exit 1
fi
apt-get download -q rustc-web rust-web-src libstd-rust-web-dev \
  "libstd-rust-web-$version" "libllvm$llvm" "lld-$llvm"
for package in *.deb; do
  dpkg -x "$package" "$folder"
done

libraries=$folder/usr/lib/$(uname -m)-linux-gnu
cat > "$folder/wasm-rustc" <<END
#!/bin/sh
LD_LIBRARY_PATH=$libraries exec $folder/usr/bin/rustc "\$@"
END
cat > "$folder/wasm-ld" <<END
#!/bin/sh
LD_LIBRARY_PATH=$libraries exec $folder/usr/lib/llvm-$llvm/bin/wasm-ld "\$@"
END
cat > "$folder/wasm-cargo" <<END
#!/bin/sh
# wasm-cargo build --release, or any other command of cargo: the standard
# library is built along.
export RUSTC=$folder/wasm-rustc RUSTC_BOOTSTRAP=1
# What functions have in common is built once.
export CARGO_BUILD_BUILD_DIR=$folder/build
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$folder/wasm-ld
# rustc no longer passes --allow-undefined, and functions declare their imports
# without a module name.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=-Clink-arg=--allow-undefined
command=\$1
shift
exec cargo "\$command" -Zbuild-std=std,panic_abort \\
  --target wasm32-unknown-unknown "\$@"
END
chmod +x "$folder/wasm-rustc" "$folder/wasm-ld" "$folder/wasm-cargo"
"$folder/wasm-rustc" --version

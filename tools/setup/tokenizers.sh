#!/usr/bin/env bash
# Puts libtokenizers.a into a folder: a prebuilt one named by LIBTOKENIZERS_A, else built with cargo from
# the source in the Go module github.com/daulet/tokenizers (go.sum and Cargo.lock check what is fetched).
# usage: tokenizers.sh FOLDER
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
target=$(cd "$1" && pwd)
if [ -n "${LIBTOKENIZERS_A:-}" ]; then
	cp "$LIBTOKENIZERS_A" "$target/libtokenizers.a"
	exit
fi
if ! command -v cargo >/dev/null; then
	echo "error: cargo is missing, which builds the tokenizers library" >&2
	echo "hint: install Rust 1.82 or later, or set LIBTOKENIZERS_A to a prebuilt libtokenizers.a of github.com/daulet/tokenizers" >&2
	exit 1
fi
build=$root/.deps/build/tokenizers
module=$(cd "$root" && "${GO:-go}" mod download -json github.com/daulet/tokenizers | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
rm -rf "$build/src" && mkdir -p "$build"
cp -r "$root/third_party/tokenizers/." "$build/"
mkdir -p "$build/src" && cp "$module"/src/*.rs "$build/src/"
chmod -R u+w "$build"
(cd "$build" && cargo build --release --locked)
cp "$build/target/release/libtokenizers.a" "$target/libtokenizers.a.tmp"
mv "$target/libtokenizers.a.tmp" "$target/libtokenizers.a"

#!/usr/bin/env bash
# Puts libtokenizers.a, which github.com/daulet/tokenizers links, into a folder: the prebuilt one that
# LIBTOKENIZERS_A names, else one built with cargo from the Rust source inside that Go module. go.sum and
# Cargo.lock hold the checksums of all that is fetched. Does nothing where the library is up to date.
# usage: build_tokenizers.sh FOLDER
set -euo pipefail

fail() { # MESSAGE HINT
	printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
	exit 1
}

[ $# -eq 1 ] || fail "expected one folder, got $#" "usage: build_tokenizers.sh FOLDER"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
library=$folder/libtokenizers.a
key=$folder/libtokenizers.key # what the library there was made from

go=${GO:-go}
"$go" mod download github.com/daulet/tokenizers
module=$("$go" list -m -f '{{.Dir}}' github.com/daulet/tokenizers)

# The module refers to a function named after its version, so that another version's library does not link.
symbol=$(grep -o 'tokenizers_version_[0-9_]*' "$module/src/lib.rs" | head -n 1)

if [ -n "${LIBTOKENIZERS_A:-}" ]; then
	[ -f "$LIBTOKENIZERS_A" ] || fail "LIBTOKENIZERS_A names $LIBTOKENIZERS_A, which is no file" "give the path of libtokenizers.a"
	grep -q "$symbol" "$LIBTOKENIZERS_A" || fail "$LIBTOKENIZERS_A has no function $symbol" \
		"take libtokenizers.a from the release of github.com/daulet/tokenizers that go.mod names"
	cmp -s "$LIBTOKENIZERS_A" "$library" || { cp "$LIBTOKENIZERS_A" "$library.tmp" && mv "$library.tmp" "$library"; }
	echo "prebuilt $symbol" >"$key"
	exit
fi

wanted=$(cat tools/build_tokenizers.sh third_party/tokenizers/Cargo.* third_party/tokenizers/tiktoken/Cargo.toml \
	third_party/tokenizers/tiktoken/src/lib.rs "$module/src/lib.rs" | cksum)
if [ -f "$library" ]; then
	case $(cat "$key" 2>/dev/null) in "$wanted" | "prebuilt $symbol") exit ;; esac
fi

command -v cargo >/dev/null || fail "cargo, which builds the tokenizers library, is missing" \
	"install Rust 1.82 or later, or set LIBTOKENIZERS_A to a prebuilt libtokenizers.a of github.com/daulet/tokenizers"
version=$(cargo --version | sed -n 's/^cargo \([0-9]*\.[0-9]*\).*/\1/p')
[ "$(printf '%s\n1.82\n' "$version" | sort -V | head -n 1)" = 1.82 ] || fail "cargo is $version, need 1.82 or later" \
	"update Rust, or set LIBTOKENIZERS_A to a prebuilt libtokenizers.a of github.com/daulet/tokenizers"

build=$folder/../build/tokenizers
mkdir -p "$build/src"
cp -R third_party/tokenizers/. "$build/"
cp "$module"/src/lib.rs "$build/src/"
chmod -R u+w "$build"
echo "building the tokenizers library, which takes two minutes or so"
(cd "$build" && cargo build --release --locked --quiet)
mv "$build/target/release/libtokenizers.a" "$library"
echo "$wanted" >"$key"
rm -rf "$build" # hundreds of megabytes that nobody needs any more

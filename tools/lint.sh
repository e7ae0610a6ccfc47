#!/usr/bin/env bash
# Looks for mistakes and missing package comments (staticcheck.conf), for functions that nothing calls, tests and
# examples included, and for Go modules in the program that NOTICE does not name.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

fail() { # MESSAGE HINT
	printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
	exit 1
}

"$go" run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

dead=$("$go" run golang.org/x/tools/cmd/deadcode@v0.52.0 -test ./...)
[ -z "$dead" ] || fail "$dead" "delete what nothing calls"

modules=$("$go" list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}' ./cmd/mslora | sort -u)
for module in $modules; do
	grep -qF "  $module " NOTICE || fail "NOTICE lacks $module" "add a line with its license and copyright"
done

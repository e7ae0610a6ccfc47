#!/usr/bin/env bash
# Looks for known vulnerabilities in code that mslora calls, as long as their database can be reached.
set -euo pipefail
cd "$(dirname "$0")/.."

code=0
found=$("${GO:-go}" run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./... 2>&1) || code=$?
case $found in
*"fetching vulnerabilities: "*)
	reason=${found##*fetching vulnerabilities: }
	# No pipe into head: the writer of a longer message would be killed when head leaves, and pipefail would make that the result.
	echo "SKIPPED: vulnerabilities, because their database cannot be reached: ${reason%%$'\n'*}"
	exit
	;;
esac
echo "$found"
exit "$code"

#!/usr/bin/env bash
# Times training steps of mslora and of PyTorch in turns, leaves a file of each cell in FOLDER and prints the tables that are made of them.
# usage: run.sh PYTHON [FOLDER]; see bench.py for the settings.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$1 out=${2:-.deps/bench/performance}
"${GO:-go}" build -o bin/bench-steps ./tools/bench/steps
"$python" tools/bench/bench.py --out "$out"
"$python" tools/bench/onecall.py --out "$out"
"$python" tools/bench/operations.py --out "$out"
"${GO:-go}" run ./tools/bench/tables "$out"

#!/usr/bin/env bash
# Times training steps of mslora and of PyTorch in turns. usage: run.sh PYTHON; see bench.py for the settings.
set -euo pipefail
cd "$(dirname "$0")/../.."
"${GO:-go}" build -o bin/bench-steps ./tools/bench/steps
exec "$1" tools/bench/bench.py --steps bin/bench-steps

#!/usr/bin/env bash
# Times `mslora predict` in turns with a classifier in float32, with its int8 file, and with the file that quantize_dynamic makes of it, and
# scores all three. usage: quantized.sh PYTHON CLASSIFIER TEXTS.csv [ROUNDS]; PYTHON has onnxruntime and onnx, CLASSIFIER is of --quantize int8.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$1 classifier=$2 texts=$3 rounds=${4:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${GO:-go}" build -o "$work/mslora" ./cmd/mslora
export ONNXRUNTIME_LIB=${ONNXRUNTIME_LIB:-$PWD/.deps/lib/libonnxruntime.so}
cp -r "$classifier" "$work/quantize_dynamic"
"$python" - "$work/quantize_dynamic/onnx" <<'PYTHON'
import sys
from onnxruntime.quantization import QuantType, quantize_dynamic
quantize_dynamic(f"{sys.argv[1]}/model.onnx", f"{sys.argv[1]}/model_quantized.onnx", weight_type=QuantType.QInt8)
PYTHON
wc -c "$classifier/onnx/"*.onnx "$work/quantize_dynamic/onnx/model_quantized.onnx"

timed() { # NAME ARGUMENTS…: seconds of one run, loading included
	local name=$1 start=$EPOCHREALTIME
	shift
	"$work/mslora" predict "$@" "$texts" >"$work/answers" 2>"$work/log" || { cat "$work/log" >&2; return 1; }
	awk -v a="$start" -v b="$EPOCHREALTIME" -v n="$(wc -l <"$work/answers")" -v name="$name" \
		'BEGIN { printf "%-16s %6.2f s  %6.1f texts a second\n", name, b - a, n / (b - a) }'
}
for ((round = 1; round <= rounds; round++)); do
	timed float32 "$classifier"
	timed int8 "$classifier" --quantized
	timed quantize_dynamic "$work/quantize_dynamic" --quantized
done
for folder in "$classifier" "$work/quantize_dynamic"; do
	"$work/mslora" compare "$folder" --quantized --data "$texts"
done

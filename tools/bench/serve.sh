#!/usr/bin/env bash
# Loads `mslora serve` and a plain server around Hugging Face's pipeline in turns with the same requests, and then mslora's while clients
# break off. usage: serve.sh PYTHON [REQUESTS]; MODEL and REVIEWS name a model's folder and that of the film reviews.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$1 requests=${2:-800}
model=${MODEL:-.deps/models/bge-small} reviews=${REVIEWS:-.deps/data/reviews}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT

"${GO:-go}" build -o "$work/load" ./tools/bench/load
"${GO:-go}" build -o "$work/mslora" ./cmd/mslora
export ONNXRUNTIME_LIB=${ONNXRUNTIME_LIB:-$PWD/.deps/lib/libonnxruntime.so}
"$work/mslora" train --model "$model" --data "$reviews/dev.csv" --method lora --epochs 1 --limit 200 --out "$work/classifier" --quiet
"$work/mslora" serve "$work/classifier" --port 8090 2>"$work/log" &
server=$!
"$python" tools/bench/pipeline_server.py "$work/classifier" --port 8091 >"$work/pipeline-log" 2>&1 &
until curl -sf 127.0.0.1:8090/health >"$work/health" && grep -q listening "$work/pipeline-log"; do
	kill -0 $server && kill -0 $!
	sleep 0.5
done

load() { "$work/load" -texts "$reviews/train.csv" -limit 5m "$@"; }
for clients in 1 8 32; do
	for port in 8090 8091; do
		[ $port = 8090 ] && printf 'mslora    ' || printf 'pipeline  '
		load -url "http://127.0.0.1:$port/" -clients $clients -requests "$requests"
	done
done
for port in 8090 8091; do
	[ $port = 8090 ] && printf 'mslora    ' || printf 'pipeline  '
	load -url "http://127.0.0.1:$port/" -clients 4 -batch 32 -requests $((requests / 32 + 1))
done
echo 'half of the clients break off each fifth request:'
printf 'mslora    '
load -url http://127.0.0.1:8090/ -clients 32 -requests "$requests" -break
curl -s 127.0.0.1:8090/metrics | grep -E '^mslora_(requests|texts|batches|batch|queue)_'
kill -TERM $server
wait $server
tail -n 1 "$work/log"

#!/usr/bin/env python3
"""Load `mslora serve` and a plain server around Hugging Face's pipeline in turns with the same requests, and then mslora's while clients
break off: every other one, at each fifth request. On a processor with VNNI `mslora serve --precision int8` takes turns, too."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import machine
import record
from fetch.failure import Failure, run
from record import REVIEWS, ROOT

PORTS = {"mslora": 8090, "mslora int8": 8091, "pipeline": 8092}
LOADS = ((1, 1), (8, 1), (32, 1), (4, 32))  # clients, texts of a request
COLUMNS = {"side": "", "clients": ".0f", "texts of a request": ".0f", "texts a second": ".1f", "beside the pipeline's": ".2f", "p50, ms": ".1f", "p99, ms": ".1f",
           "answered": ".0f", "refused": ".0f", "broken off": ".0f"}


@contextlib.contextmanager
def serving(command, port):
    """Let a server run that answers on a port; afterwards it has to end by itself."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while not answers(port):
                if server.poll() is not None:
                    raise Failure(f"{command[0]} ended with exit code {server.returncode}")
                time.sleep(0.5)
            yield
        finally:
            server.send_signal(signal.SIGTERM)


def answers(port):
    question = urllib.request.Request(f"http://127.0.0.1:{port}/", data=b'{"inputs": "a fine film"}', headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(question, timeout=60) as answer:
            return answer.status == 200
    except OSError:
        return False


def load(program, texts, side, clients, size, requests, *options):
    """Ask a server and give what the clients saw: see tools/bench/load."""
    command = [program, "-url", f"http://127.0.0.1:{PORTS[side]}/", "-texts", texts, "-limit", "10m", "-clients", str(clients), "-batch", str(size),
               "-requests", str(requests), *options]
    words = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return [float(word) for word in words]


def main():
    parser = record.parser_of(__doc__)
    parser.add_argument("--reviews", default=REVIEWS, help="folder of the film reviews")
    parser.add_argument("--requests", type=int, default=800, help="texts that are asked for under each load")
    parser.add_argument("model", nargs="?", default="bge-small")
    o = parser.parse_args()
    os.environ.setdefault("ONNXRUNTIME_LIB", str(ROOT / ".deps" / "lib" / "libonnxruntime.so"))
    train, dev = (os.path.join(o.reviews, part + ".csv") for part in ("train", "dev"))
    with tempfile.TemporaryDirectory() as work:
        classifier, program, loader = (os.path.join(work, name) for name in ("classifier", "mslora", "load"))
        for package, path in (("./cmd/mslora", program), ("./tools/bench/load", loader)):
            subprocess.run([os.environ.get("GO", "go"), "build", "-o", path, package], cwd=ROOT, check=True)
        subprocess.run([program, "train", "--model", os.path.join(o.models, o.model), "--data", dev, "--method", "lora", "--epochs", "1", "--limit", "200",
                        "--out", classifier, "--quiet"], check=True)
        commands = {side: [program, "serve", classifier, "--precision", precision] for side, precision in machine.sides().items()}
        commands["pipeline"] = [sys.executable, str(ROOT / "tools" / "bench" / "pipeline_server.py"), classifier]
        with contextlib.ExitStack() as stack:
            for side, command in commands.items():
                stack.enter_context(serving([*command, "--port", str(PORTS[side])], PORTS[side]))
            kept = record.Record(COLUMNS)
            for clients, size in LOADS:
                seen = {side: load(loader, train, side, clients, size, -(-o.requests // size)) for side in commands}
                for side, (speed, *rest) in seen.items():
                    kept.add(side, clients, size, speed, speed / seen["pipeline"][0], *rest)
            speed, *rest = load(loader, train, "mslora", 32, 1, o.requests, "-break")
            kept.add("mslora, clients break off", 32, 1, speed, None, *rest)
            kept.keep(o.out)


if __name__ == "__main__":
    sys.exit(run(main))

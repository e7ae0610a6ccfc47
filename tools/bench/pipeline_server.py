#!/usr/bin/env python3
"""A plain HTTP server around Hugging Face's text-classification pipeline: what `mslora serve` is measured beside.

Each request has a thread and runs through the pipeline on its own, one at a time, in float32.
"""

import argparse
import http.server
import json
import threading

import torch
import transformers


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one packet
    disable_nagle_algorithm = True
    pipeline = None
    turn = threading.Lock()

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = asked["inputs"] if isinstance(asked["inputs"], list) else [asked["inputs"]]
        with self.turn:
            answer = self.pipeline(texts, top_k=None, truncation=True, batch_size=32)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="a classifier's folder")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    Handler.pipeline = transformers.pipeline("text-classification", model=o.folder, device="cpu", dtype=torch.float32)
    Handler.pipeline("a text")
    server = Server(("127.0.0.1", o.port), Handler)
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

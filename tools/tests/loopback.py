"""A stand-in for the model hub on the loopback interface."""

import contextlib
import http.server
import re
import threading


class Hub:
    """files: {path: bytes}. cut: send no more than this many bytes of an answer; ranges: obey Range."""

    def __init__(self, files):
        self.files, self.cut, self.ranges, self.redirect = files, None, True, False
        self.requests = []  # (path, Range)
        self.address = ""


@contextlib.contextmanager
def serve(files):
    hub = Hub(files)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            hub.requests.append((self.path, self.headers.get("Range")))
            if hub.redirect and not self.path.startswith("/moved"):
                self.send_response(302)
                self.send_header("Location", "/moved" + self.path)
                self.end_headers()
                return
            data = hub.files.get(self.path.removeprefix("/moved"))
            if data is None:
                self.send_error(404)
                return
            wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if wanted and hub.ranges:
                self.send_response(206)
                data = data[int(wanted[1]) :]
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: hub.cut])

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()

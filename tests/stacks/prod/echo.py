"""Run on the server in Socket.IO's place, as a program: answers every request with the headers that arrived, as JSON.

``python echo.py ADDRESS``; the port is Socket.IO's.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from raven_realtime.ports import SOCKETIO_PORT


class Echo(BaseHTTPRequestHandler):
    """The answer to anything."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the headers, lower-case names."""
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], SOCKETIO_PORT), Echo).serve_forever()

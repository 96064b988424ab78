"""The sandbox's curl lines, run as they are printed."""

from __future__ import annotations

import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from components.sandbox_checks import Path, checks


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_proxy_in_the_environment_is_not_asked_for_what_is_on_this_machine() -> None:
    refusing = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    with HTTPServer(("127.0.0.1", 0), _Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}"
        path = Path("s", "/bench", "bench", "", here, here, multiplexed=False, stay_seconds=1)
        public = {check.name: check.command for check in checks(path)}["public"]
        assert isinstance(public, str)
        asked, _, judged = public.partition(" | ")
        answer = subprocess.run(
            asked, shell=True, env=os.environ | refusing, capture_output=True, text=True, check=False
        )
        server.shutdown()
    assert answer.stdout.startswith("HTTP/1.0 200"), answer.stderr
    assert "--at public" in judged

"""A sandbox by hand: TLS before nginx before the bench, and the callback that goes through all of it.

The public side is the tests' stand-in for ngrok.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from demo.bench_folder import PASSWORD
from demo.generations import named
from demo.processes import TRUST
from demo.running import RunningBench, free_ports, running_bench
from tests.demo.conftest import SITE
from tests.demo.multiplexer import multiplexer
from tests.demo.polling import connect, refusal
from tests.standins.ngrok.tokens import VALID

NGROK = Path(__file__).parents[1] / "standins" / "ngrok" / "ngrok"


@contextmanager
def tunnel(folder: Path, upstream: str) -> Iterator[str]:
    """Run the stand-in for ``https://localhost``; its CA is in ``folder``."""
    ports = free_ports()
    configuration = {
        "version": 3,
        "agent": {"authtoken": VALID, "web_addr": f"127.0.0.1:{ports.redis}"},
        "endpoints": [{"name": "sandbox", "url": "https://localhost", "upstream": {"url": upstream}}],
    }
    folder.mkdir(exist_ok=True)
    file = folder / "ngrok.yml"
    file.write_text(json.dumps(configuration))
    environment = {**os.environ, "NGROK_STANDIN_DIR": str(folder), "NGROK_STANDIN_PORT": str(ports.web)}
    process = subprocess.Popen([NGROK, "start", "--all", "--config", file], env=environment)
    try:
        for _ in range(200):
            if (folder / "ca.pem").is_file() and _is_online(f"http://127.0.0.1:{ports.redis}/api/tunnels"):
                break
            time.sleep(0.05)
        yield f"https://localhost:{ports.web}"
    finally:
        process.terminate()
        process.wait(10)


def _is_online(api: str) -> bool:
    try:
        return bool(httpx.get(api).json()["tunnels"])
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize(
    ("generation", "words"),
    [
        ("15", "Unauthorized: Error: unable to verify the first certificate"),
        ("16", "Unauthorized: TypeError: fetch failed"),
        ("python-gevent", "Unauthorized"),
        ("python-asyncio", "Unauthorized"),
    ],
)
def test_the_callback_goes_over_https(tmp_path: Path, generation: str, words: str) -> None:
    """Symptom 12: a certificate that is not trusted; each client is told of a CA by a variable of its own."""
    ca = tmp_path / "tunnel" / "ca.pem"
    trust = {TRUST[named(generation).callback.client]: str(ca)}
    with (
        running_bench(tmp_path / "bench", generation=generation) as bench,
        multiplexer(bench, tmp_path / "nginx", SITE) as inner,
        tunnel(tmp_path / "tunnel", inner) as public,
    ):
        for environment, answer in (({}, words), (trust, "accepted")):
            bench.stop("socketio")
            bench.start("socketio", environment)
            assert _connects(public, ca, bench) == [answer]


def _connects(public: str, ca: Path, bench: RunningBench) -> list[str]:
    trust = ssl.create_default_context(cafile=ca)
    with httpx.Client(base_url=public, verify=trust, timeout=30) as browser:
        signed_in = browser.post("/api/method/login", json={"usr": "demo@example.com", "pwd": PASSWORD})
        assert "Secure" in signed_in.headers["Set-Cookie"], bench.log("web")
        sid = browser.cookies["sid"]
    packets = connect(public, f"/{SITE}", {"Cookie": f"sid={sid}"}, verify=trust)
    return [refusal(packet) for packet in packets]

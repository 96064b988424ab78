"""A sandbox by hand: TLS before nginx before the bench, and the callback that Node makes through all of it.

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
    ("trusted", "answer"), [(True, "accepted"), (False, "Unauthorized: TypeError: fetch failed")], ids=["CA", "no CA"]
)
def test_the_callback_goes_over_https(tmp_path: Path, trusted: bool, answer: str) -> None:
    """Symptom 12: a callback whose certificate Node does not trust is refused as `fetch failed`."""
    ca = tmp_path / "tunnel" / "ca.pem"
    with (
        running_bench(tmp_path / "bench") as bench,
        multiplexer(bench, tmp_path / "nginx", SITE) as inner,
        tunnel(tmp_path / "tunnel", inner) as public,
    ):
        bench.stop("socketio")
        bench.start("socketio", {"NODE_EXTRA_CA_CERTS": str(ca)} if trusted else {})
        assert _connects(public, ca, bench) == [answer]


def _connects(public: str, ca: Path, bench: RunningBench) -> list[str]:
    trust = ssl.create_default_context(cafile=ca)
    with httpx.Client(base_url=public, verify=trust, timeout=30) as browser:
        signed_in = browser.post("/api/method/login", json={"usr": "demo@example.com", "pwd": PASSWORD})
        assert "Secure" in signed_in.headers["Set-Cookie"], bench.log("web")
        sid = browser.cookies["sid"]
    packets = connect(public, f"/{SITE}", {"Cookie": f"sid={sid}"}, verify=trust)
    return [refusal(packet) for packet in packets]

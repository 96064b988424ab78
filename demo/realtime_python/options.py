"""What the process may be told: sites/common_site_config.json alone, as Frappe's Python server (no environment)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from demo.bench_folder import EMBEDDED, Bench
from demo.generations import Generation, named
from raven_realtime.ports import SOCKETIO_PORT


@dataclass(frozen=True)
class Options:
    """The configuration of one process."""

    bench: Path
    generation: Generation
    port: int
    redis: str
    host: str
    unix_socket: str | None
    default_site: str | None
    developer_mode: bool
    webserver_host: str | None
    webserver_port: int | None
    embedded: bool
    ping_interval: float
    ping_timeout: float

    @classmethod
    def read(cls, bench: Path, generation: str) -> Options:
        """Read the bench's configuration; the address and the test's short pings come from the environment."""
        config = Bench(bench).config
        text = {key: str(value) for key, value in config.items() if value}
        chosen = named(generation)
        return cls(
            bench=bench,
            generation=chosen,
            port=int(text.get("socketio_port", SOCKETIO_PORT)),
            redis=text[chosen.redis],
            host=os.environ.get("DEMO_SOCKETIO_HOST", "127.0.0.1"),
            unix_socket=text.get("socketio_uds"),
            default_site=text.get("default_site"),
            developer_mode="developer_mode" in text,
            webserver_host=text.get("webserver_host"),
            webserver_port=int(text["webserver_port"]) if "webserver_port" in text else None,
            embedded=chosen.embeds and text.get("socketio_backend") == EMBEDDED,
            ping_interval=int(os.environ.get("REALTIME_PING_INTERVAL", "25000")) / 1000,
            ping_timeout=int(os.environ.get("REALTIME_PING_TIMEOUT", "20000")) / 1000,
        )

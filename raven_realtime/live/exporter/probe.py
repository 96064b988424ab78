"""``/probe?target=URL``: one walk for one scrape, as users of Prometheus' blackbox exporter know it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from urllib.parse import parse_qs

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.doctor.journey import Question, diagnose
from raven_realtime.live.exporter.metrics import Metrics
from raven_realtime.live.target import Target
from raven_realtime.problem import Problem

AT_ONCE = 4
"""Walks that run side by side; further scrapes wait for their turn."""
SCRAPE_SECONDS = 10.0
"""Prometheus' own default, for who sends no X-Prometheus-Scrape-Timeout-Seconds."""
MANY = 1_000
"""Targets that are remembered in any case."""
MARGIN_SECONDS = 0.5
"""Of the scrape's time, for the answer's way back."""


class Prober:
    """Walks the path of a target when it is asked to. No credentials go along: whoever asks names the target."""

    def __init__(self, parse: Callable[..., Target], every: float) -> None:
        """Take how a target is made of a URL and a site, and after how many seconds one may be walked again."""
        self._parse = parse
        self._every = every
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._locks: dict[str, threading.Lock] = {}
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._guard = threading.Lock()

    def probe(self, query: str, within: float = SCRAPE_SECONDS) -> bytes:
        """Return the metrics of one walk; of the last one, if that is not long ago.

        Args:
            query: the query string: ``target``, and ``site`` where the site is not called as the host.
            within: the seconds that the scrape may take.

        Raises:
            Problem: no target, or none that can be asked.
        """
        given = parse_qs(query)
        unknown = sorted(set(given) - {"target", "site"})
        if unknown or not given.get("target"):
            found = f"{unknown[0]} is not known" if unknown else "target is missing"
            raise Problem(f"/probe: {found}. Accepted: /probe?target=https://chat.example.com&site=erp.localhost")
        target = self._parse(given["target"][0], site=given.get("site", [""])[0])
        name = f"{target.origin} {target.site}"
        deadline = time.monotonic() + max(1.0, within - MARGIN_SECONDS)
        with self._guard:
            self._forget()
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            ended, text = self._kept.get(name, (0.0, b""))
            if text and time.monotonic() - ended < self._every:
                return text
            with self._turns:
                text = self._walked(target, deadline - time.monotonic())
            self._kept[name] = time.monotonic(), text
            return text

    def _forget(self) -> None:
        """Forget who was not asked for lately, where there are many."""
        if len(self._locks) > MANY:
            now = time.monotonic()
            for name in [name for name, (ended, _) in self._kept.items() if now - ended > self._every]:
                del self._kept[name], self._locks[name]

    def _walked(self, target: Target, seconds: float) -> bytes:
        began = time.monotonic()
        metrics = Metrics(target.origin, self._every)
        diagnosis = asyncio.run(_in_time(target, seconds))
        if diagnosis is not None:
            metrics.take(diagnosis)
        _told(metrics.registry, diagnosis is not None and diagnosis.healthy, time.monotonic() - began)
        return generate_latest(metrics.registry)


async def _in_time(target: Target, seconds: float) -> Diagnosis | None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            return await diagnose(Question(target))
    except TimeoutError:
        return None


def _told(registry: CollectorRegistry, success: bool, seconds: float) -> None:
    """Add the two metrics that every exporter of this kind has."""
    Gauge("probe_success", "1 if the walk ended in time and found no fault.", registry=registry).set(int(success))
    Gauge("probe_duration_seconds", "Seconds the walk took.", registry=registry).set(seconds)

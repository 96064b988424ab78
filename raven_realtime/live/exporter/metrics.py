"""The metrics of one path: what the last walk found, hop by hop."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from raven_realtime.live import Outcome
from raven_realtime.live.doctor.diagnosis import Diagnosis

FACTS = {
    "tls": ("certificate_ends", "When the public certificate of the last walk that verified it ends, since the epoch."),
    "upgrade": ("upgrade_seconds", "Seconds from 2probe to 3probe in the last walk that upgraded."),
    "event": ("round_trip_seconds", "Seconds from publishing a test event to its arrival in the last walk that did."),
}
"""Facts of a result that become a gauge, by the check: the fact's name and what it means."""


class Metrics:
    """A registry of its own; `take` brings the results of a walk into it."""

    def __init__(self, target: str, every: float) -> None:
        """Take the URL that is walked, the value of the label ``target``, and how often it is to be, in seconds."""
        self.registry = CollectorRegistry()
        self._target = target
        self._hops: set[str] = set()
        self._codes: set[str] = set()
        labels = ["target"]
        self._up = self._gauge("up", "1 if the last walk's check of this hop passed, 0 if it failed.", "hop")
        self._healthy = self._gauge("healthy", "1 if the last walk found no fault.")
        self._verdict = self._gauge(
            "verdict", "1 for the code of the last walk's verdict; absent when healthy.", "code"
        )
        self._duration = self._gauge("hop_duration_seconds", "Seconds the last check of this hop took.", "hop")
        self._handshake = self._gauge("handshake_seconds", "Seconds the last handshake took, connection included.")
        self._facts = {hop: self._gauge(_metric(hop), help_) for hop, (_, help_) in FACTS.items()}
        self._walked = self._gauge("last_walk_timestamp_seconds", "When the last walk ended, since the epoch.")
        self._walk = self._gauge("walk_duration_seconds", "Seconds the last walk took.")
        interval = self._gauge("walk_interval_seconds", "Seconds from the beginning of a walk to that of the next.")
        interval.labels(target).set(every)
        self._walks = Counter("raven_realtime_walks", "Walks made.", labels, registry=self.registry)

    def _gauge(self, name: str, help_: str, *labels: str) -> Gauge:
        return Gauge(f"raven_realtime_{name}", help_, ["target", *labels], registry=self.registry)

    def take(self, diagnosis: Diagnosis) -> None:
        """Show what a walk found. A hop that was skipped or not checked has no value: it is neither up nor down."""
        asked = {result.hop for result in diagnosis.results if result.ok or result.outcome is Outcome.FAIL}
        named = None if diagnosis.healthy else diagnosis.verdict
        codes = {named[1].code} if named is not None else set[str]()
        # What goes is taken away one by one: a scrape in between finds no hop missing that was asked both times.
        for gone in self._hops - asked:
            self._up.remove(self._target, gone)
            self._duration.remove(self._target, gone)
        for gone in self._codes - codes:
            self._verdict.remove(self._target, gone)
        self._hops, self._codes = asked, codes
        for result in diagnosis.results:
            if result.hop in asked:
                self._up.labels(self._target, result.hop).set(int(result.ok))
                self._duration.labels(self._target, result.hop).set(result.seconds)
            if result.hop == "handshake" and result.ok:
                self._handshake.labels(self._target).set(result.seconds)
            fact = result.facts.get(FACTS[result.hop][0]) if result.hop in FACTS else None
            if isinstance(fact, int | float):
                self._facts[result.hop].labels(self._target).set(fact)
        for code in codes:
            self._verdict.labels(self._target, code).set(1)
        self._healthy.labels(self._target).set(int(diagnosis.healthy))
        self._walked.labels(self._target).set(diagnosis.started_at + diagnosis.seconds)
        self._walk.labels(self._target).set(diagnosis.seconds)
        self._walks.labels(self._target).inc()


def _metric(hop: str) -> str:
    named = {"event": "event_round_trip_seconds", "tls": "certificate_expiry_timestamp_seconds"}
    return named.get(hop, FACTS[hop][0])

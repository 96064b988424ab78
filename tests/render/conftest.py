"""One demo bench at its usual ports, and a certificate that it trusts, for every proxy that is put before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from demo.bench_folder import Ports
from demo.generations import NAMES
from demo.running import RunningBench, running_bench
from raven_realtime.live.target import Target
from raven_realtime.sandbox import certificate
from raven_realtime.sandbox.places import Places

HOST, SITE = "localhost", "raven.localhost"
"""The name that every program resolves without DNS, and a site that is not called like it."""


@dataclass(frozen=True)
class Stand:
    """What stands behind the proxy."""

    bench: RunningBench
    sid: str
    certificate: Path
    key: Path

    @property
    def target(self) -> Target:
        """The public side, whatever stands there."""
        parsed = Target.parse(f"https://{HOST}", site=SITE, ca=self.certificate, timeout=20)
        return replace(parsed, root=not self.bench.bench.generation.namespaces)


GENERATIONS = [pytest.param(name, marks=() if name == "16" else pytest.mark.full) for name in NAMES]


@pytest.fixture(scope="module", params=GENERATIONS)
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("render")
    places = Places.at(folder)
    certificate.ensure(places)
    ports, ca = Ports(), places.certificate
    with running_bench(folder / "bench", ports=ports, sites=(SITE,), ca=ca, generation=request.param) as bench:
        yield Stand(bench, bench.sign_in(site=SITE), ca, places.certificate_key)

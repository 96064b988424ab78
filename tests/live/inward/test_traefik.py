"""Traefik's own routers, by the API of a real one: nobody gets the handshake, somebody else does, two may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from demo.running import RunningBench
from raven_realtime.live import Outcome, Result
from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.doctor.journey import Question, diagnose
from raven_realtime.live.inside import Inside
from raven_realtime.live.target import Target
from tests.live.conftest import SITE, StartNginx
from tests.traefik.running import Traefik, traefik

HOST = "localhost"  # so that the realtime process finds the web by it
RULE = f"Host(`{HOST}`) && PathPrefix(`/socket.io`)"
REALTIME = {"rule": RULE, "service": "realtime"}
WEB = {"rule": f"Host(`{HOST}`)", "service": "web"}
Routers = Mapping[str, Mapping[str, object]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traefik]:
    with traefik(tmp_path_factory.mktemp("traefik"), 1) as started:
        yield started


@pytest.fixture
def walked(running: Traefik, bench: RunningBench, nginx: StartNginx) -> Callable[[Routers], Diagnosis]:
    """Give Traefik these routers, with a healthy nginx as ``realtime``, Frappe's ``web``, and ``dead``; then walk."""
    servers = {"realtime": nginx().origin, "web": bench.web_url, "dead": "http://127.0.0.1:1"}

    def walk(routers: Routers) -> Diagnosis:
        services: dict[str, Any] = {
            name: {"loadBalancer": {"servers": [{"url": url}]}} for name, url in servers.items()
        }
        running.load({"routers": dict(routers), "services": services})
        target = Target.parse(f"http://{HOST}:{running.ports['e0']}", site=SITE, resolve="127.0.0.1")
        return asyncio.run(diagnose(Question(target, inside=Inside(traefik_api=running.api))))

    return walk


def routers(diagnosis: Diagnosis) -> Result:
    return next(one for one in diagnosis.results if one.hop == "routers")


def test_one_router_that_leads_to_socketio(walked: Callable[[Routers], Diagnosis]) -> None:
    diagnosis = walked({"frappe-socketio": REALTIME, "frappe-web": WEB})
    assert routers(diagnosis).outcome is Outcome.PASS, routers(diagnosis)
    assert routers(diagnosis).summary == (
        f"on e0 frappe-socketio@file gets /socket.io/ of {HOST}; 1 of 1 servers behind it answer from here"
    )
    assert {found.code for _, found in diagnosis.findings} == {"RT017"}


FAULTS: dict[str, tuple[Routers, str, str]] = {
    "no router of the host": (
        {"wiki": {"rule": "Host(`wiki.example.com`)", "service": "web"}},
        "RT001",
        f"no router of Traefik gets /socket.io/ of {HOST}",
    ),
    "the web's router has the higher priority": (
        {"frappe-socketio": REALTIME, "frappe-web": {**WEB, "priority": 1000}},
        "RT005",
        f"frappe-web@file gets /socket.io/ of {HOST} (priority 1000), and not frappe-socketio@file",
    ),
    "a dead service's router has the higher priority": (
        {"frappe-socketio": REALTIME, "old": {**REALTIME, "service": "dead", "priority": 1000}, "frappe-web": WEB},
        "RT005",
        f"old@file gets /socket.io/ of {HOST} (priority 1000), and not frappe-socketio@file",
    ),
    "two routers of one priority": (
        {"frappe-socketio": REALTIME, "frappe-socketip": {**REALTIME, "service": "web"}, "frappe-web": WEB},
        "RT101",
        "frappe-socketio@file, frappe-socketip@file",
    ),
}


@pytest.mark.parametrize(("given", "code", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_fault(walked: Callable[[Routers], Diagnosis], given: Routers, code: str, said: str) -> None:
    diagnosis = walked(given)
    assert diagnosis.verdict is not None
    check, found = diagnosis.verdict
    assert (check, found.code) == ("routers", code), [(one.hop, one.summary) for one in diagnosis.results]
    assert said in found.evidence
    assert "raven-realtime routes" in found.todo or code == "RT001"

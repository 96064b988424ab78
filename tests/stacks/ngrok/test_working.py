"""The ngrok tunnel, one URL or two, reserved or random: what comes of it, a crash survived, and no token found."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from demo.bench_folder import PASSWORD, Bench
from tests import golden
from tests.measured import Measured
from tests.stacks.deployment import within
from tests.stacks.ngrok.secrets import places_of
from tests.stacks.ngrok.tunnelled import ELSEWHERE, STANDIN, Tunnelled
from tests.standins.ngrok.tokens import REVOKED, VALID

GOLDEN = Path(__file__).parent / "golden"
BACK_WITHIN = 5
WEB = "https://chat.example.com"
SOCKET = "https://socket.example.com"
EVERYWHERE = {"command lines", "environments", "files", "printed", "state"}


@dataclass(frozen=True)
class Case:
    """A configuration and what it comes to."""

    config: dict[str, Any]
    urls: dict[str, str]
    """The endpoints by name; a random URL is empty."""
    killed: Callable[[Tunnelled], list[psutil.Process]]
    """Returns what is to be killed."""


def agent(tunnel: Tunnelled) -> list[psutil.Process]:
    return tunnel.processes_of_the_agent()[1:]


def wrapper(tunnel: Tunnelled) -> list[psutil.Process]:
    """The agent outlives it for a moment and answers: until supervisor's next start ends what this one left."""
    return tunnel.processes_of_the_agent()[:1]


def both(tunnel: Tunnelled) -> list[psutil.Process]:
    return tunnel.processes_of_the_agent()


TWO = {"topology": "two-tunnels"}
CASES = {
    "one, reserved": Case({"ngrokUrl": WEB}, {"raven": WEB}, agent),
    "one, random": Case({}, {"raven": ""}, agent),
    "two, reserved": Case(
        {**TWO, "ngrokUrl": WEB, "ngrokSocketUrl": SOCKET, "ngrokPath": ELSEWHERE},
        {"raven": WEB, "socketio": SOCKET},
        wrapper,
    ),
    "two, random": Case(TWO, {"raven": "", "socketio": ""}, both),
}


def test_the_agent_alone_goes_as_it_came(tunnel: Tunnelled) -> None:
    """As after an update that was interrupted between the tunnel and supervisord's own resource."""
    tunnel.configure()
    above = [f"**{name}" for name in ("$raven-realtime:index:NgrokTunnel::*", ":RealtimeSandbox::sandbox")]
    chosen = [f"--target={urn}" for urn in ("**::sandbox-tunnel-agent", *above)]
    created = tunnel.noted(tunnel.stack.up(*chosen)).operations()
    assert [name for name in created if name.startswith("sandbox-")] == ["sandbox-tunnel", "sandbox-tunnel-agent"]
    tunnel.stack.destroy()
    assert not tunnel.copy.places.root.exists()
    within(5, lambda: [str(process) for process in tunnel.processes()])


def test_a_refused_session_comes_to_nothing(tunnel: Tunnelled) -> None:
    """The tests below begin where this one ends: once the token is right, the same stack comes up."""
    run = tunnel.up(token=REVOKED, expect=1)
    golden.hold(GOLDEN / "revoked.txt", tunnel.steady(run.diagnostics("error")[0] + "\n"))
    assert places_of(REVOKED, tunnel) == set()
    assert not tunnel.copy.places.root.exists()
    within(5, lambda: [str(process) for process in tunnel.processes()])


def test_a_token_that_is_refused_later_leaves_the_tunnel_as_it_was(tunnel: Tunnelled) -> None:
    config = CASES["one, reserved"].config
    tunnel.up(config)
    former = tunnel.urls()
    run = tunnel.up(config, token=REVOKED, expect=1)
    golden.hold(GOLDEN / "revoked_later.txt", tunnel.steady(run.diagnostics("error")[0] + "\n"))
    within(BACK_WITHIN, lambda: [url for url in former.values() if not tunnel.shakes_hands(url)])
    assert tunnel.urls() == former
    assert places_of(REVOKED, tunnel) == set()
    tunnel.configure(config)
    assert tunnel.noted(tunnel.stack.preview()).operations() == {}


@pytest.mark.parametrize("name", CASES)
def test_tunnel(tunnel: Tunnelled, name: str, measured: Measured) -> None:
    case = CASES[name]
    run = tunnel.up(case.config)
    first = as_agreed(tunnel, case)
    warned = [said for said in run.diagnostics("warning") if "topology two-tunnels" in said]
    assert len(warned) == len(case.urls) - 1
    for said in warned:
        golden.hold(GOLDEN / "two_tunnels.txt", said + "\n")
    assert places_of(VALID, tunnel) == set()
    assert case.config.get("ngrokPath", str(STANDIN / "ngrok")) in " ".join(wrapper(tunnel)[0].cmdline())
    file = tunnel.copy.places.ngrok_conf
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert VALID in file.read_text()
    assert Bench(tunnel.copy.places.demo_bench).password != PASSWORD, "whoever finds the page does not know it"

    former = tunnel.processes_of_the_agent()
    for process in case.killed(tunnel):
        process.kill()
    took = within(BACK_WITHIN, lambda: missing(tunnel, case, first if is_random(case) else {}, former))
    measured(f"ngrok killed ({name}): back", took, BACK_WITHIN)
    assert places_of(VALID, tunnel) == set()
    if not is_random(case):
        assert as_agreed(tunnel, case) == first
        assert tunnel.noted(tunnel.stack.preview()).operations() == {}
        return
    assert tunnel.noted(tunnel.stack.preview()).operations()["sandbox-tunnel-agent"] == "update"
    if name == "two, random":
        tunnel.noted(tunnel.stack.up())
        assert not set(as_agreed(tunnel, case).values()) & set(first.values())


def test_a_text_that_is_everywhere_is_found_everywhere(tunnel: Tunnelled) -> None:
    """So the search that finds no token does look."""
    assert places_of("ngrok", tunnel) == EVERYWHERE


def is_random(case: Case) -> bool:
    return not all(case.urls.values())


def missing(tunnel: Tunnelled, case: Case, former: dict[str, str], processes: list[psutil.Process]) -> list[str]:
    """Return what is not there of the endpoints' public URLs; ``former`` ones and ``processes`` do not count."""
    now = tunnel.processes_of_the_agent()
    if len(now) != len(processes) or set(now) & set(processes):
        return ["no new agent"]
    urls = tunnel.urls()
    found = [name for name in case.urls if name not in urls or urls[name] == former.get(name)]
    return found or [url for url in urls.values() if list(urls.values())[-1] == url and not tunnel.shakes_hands(url)]


def as_agreed(tunnel: Tunnelled, case: Case) -> dict[str, str]:
    """Return the public URLs, which are those of the case, answer, and are the stack's outputs."""
    urls = tunnel.urls()
    assert {name: urls[name] for name in case.urls} == urls
    assert all(urls[name] == wanted or not wanted for name, wanted in case.urls.items())
    outputs = tunnel.stack.outputs()
    assert outputs["public_url"] == urls["raven"]
    assert outputs["socket_url"] == urls.get("socketio", urls["raven"])
    assert tunnel.shakes_hands(outputs["socket_url"])
    checks = {"origin", "public", "upgrade", "connect", "event"} | ({"multiplexer"} if len(urls) == 1 else set())
    assert set(outputs["checks"]) == checks
    assert {name: said for name, said in outputs["checks"].items() if not said.startswith("✓")} == {}
    return urls

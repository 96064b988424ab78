"""The callback's question runs as the owner of the realtime process, without our secrets, and its answer is shown."""

from __future__ import annotations

import asyncio
import json
from dataclasses import field
from pathlib import Path

import pytest

from raven_realtime.live import Outcome, Result
from raven_realtime.live.checks import callback
from raven_realtime.live.inside import Inside
from raven_realtime.live.target import Target
from raven_realtime.machine import Listener, Machine
from raven_realtime.proxies.record import record

PORT = 9000
PROGRAM = "/usr/bin/node"
SETPRIV = ("setpriv", "--reuid", "1001", "--regid", "1002", "--clear-groups", "setsid", "--wait")
OWNED = "Name:\tnode\nUid:\t1001\t1001\t1001\t1001\nGid:\t1002\t1002\t1002\t1002\nGroups:\t0\n"


@record
class Server(Machine):
    """A machine on which a process called node listens; it keeps what it is told to run."""

    looking: int = 0
    answer: str = '{"status": 403}'
    statuses: list[str] = field(default_factory=lambda: [OWNED, OWNED])
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def listeners(self) -> list[Listener]:
        return [Listener("127.0.0.1", PORT, 42, "node")]

    def read(self, file: Path) -> str:
        return self.statuses.pop(0) if file.name == "status" else "HOME=/x\0NODE_EXTRA_CA_CERTS=/ca.pem\0"

    def run(self, *command: str, stdin: str = "", seconds: float = 0) -> str:
        if command[0] == "readlink":
            return f"{PROGRAM}\n"
        if command == ("id", "-u"):
            return f"{self.looking}\n"
        self.ran.append(command)
        return self.answer


def asked(server: Machine, port: int = 0) -> Result:
    inside = Inside(machine=server)
    if port:
        vars(inside)["port"] = port
    return asyncio.run(callback.check(Target.parse("http://127.0.0.1:1"), inside))


@pytest.mark.parametrize(("looking", "become"), [(0, SETPRIV), (1001, ())], ids=["root", "the owner"])
def test_the_program_runs_as_the_owner_with_nothing_of_our_environment(looking: int, become: tuple[str, ...]) -> None:
    server = Server(looking=looking)
    assert asked(server).outcome is Outcome.PASS
    ((*command, _script, _url),) = server.ran
    assert command == [*become, "env", "-i", "NODE_EXTRA_CA_CERTS=/ca.pem", PROGRAM, "-e"]


SETUID = OWNED.replace("Uid:\t1001\t1001", "Uid:\t1001\t0")
ROOTS = OWNED.replace("1001", "0")


@pytest.mark.parametrize(
    ("looking", "statuses", "said"),
    [
        (1000, [OWNED], "belongs to user 1001"),
        (0, [SETUID], "does not belong to one user"),
        (0, ["Name:\tnode\n"], "does not belong to one user"),
        (0, [ROOTS, OWNED], "changed its owner"),
    ],
    ids=["another user looks", "set-user-ID", "no owner shows", "it changes"],
)
def test_the_program_is_not_run_where_its_owner_cannot_be_become(looking: int, statuses: list[str], said: str) -> None:
    server = Server(looking=looking, statuses=statuses)
    told = asked(server)
    assert told.outcome is Outcome.NOT_CHECKED
    assert said in told.summary
    assert server.ran == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (json.dumps({"failed": "\x1b[2Jgone\r\n" + "x" * 500}), Outcome.FAIL),
        ("\x1b[2Jgone", Outcome.NOT_CHECKED),
        ('["gone"]', Outcome.NOT_CHECKED),
        ('{"status": "gone"}', Outcome.NOT_CHECKED),
        ("[" * 100_000 + "gone", Outcome.NOT_CHECKED),
    ],
    ids=["a reason", "no JSON", "no object", "no number", "too deep"],
)
def test_whatever_the_program_answers_fits_one_line_of_a_report(answer: str, outcome: Outcome) -> None:
    told = asked(Server(answer=answer))
    assert told.outcome is outcome
    for text in (told.summary, *(found.evidence for found in told.findings)):
        assert text.isprintable()
        assert len(text) < 400

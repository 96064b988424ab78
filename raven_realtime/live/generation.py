"""Which of Frappe's realtime servers answers: from outside by its words and namespaces, inside by its process.

Frappe has had several since version 13, and each asks, words and fails in its own way. Sources: frappe's
realtime/index.js and middlewares/authenticate.js (versions 14, 15, 16); frappe/realtime/server.py, auth.py, bridge.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from raven_realtime.live.result import Result


class Generation(StrEnum):
    """A kind of realtime server, by the Frappe that brought it."""

    V14 = "14"
    V15 = "15"
    V16 = "16"
    SECRET = "secret"  # noqa: S105 (a generation's name)
    GEVENT = "python-gevent"
    ASYNCIO = "python-asyncio"

    @property
    def named(self) -> str:
        """What people call it."""
        return TITLES[self]

    @property
    def python(self) -> bool:
        """Whether it is one of Python's."""
        return self in {Generation.GEVENT, Generation.ASYNCIO}


TITLES = {
    Generation.V14: "Frappe 14 (Node, one namespace)",
    Generation.V15: "Frappe 15 (Node)",
    Generation.V16: "Frappe 16 (Node, handlers of apps)",
    Generation.SECRET: "Frappe of 2026 (Node, with the web's secret)",
    Generation.GEVENT: "Frappe of mid-2026 (Python, gevent)",
    Generation.ASYNCIO: "Frappe of late 2026 (Python, asyncio)",
}
NODES = {14: Generation.V14, 15: Generation.V15, 16: Generation.V16}
"""The generations on Node by Frappe's major version; what is newer keeps a secret."""
NODE, PYTHON = "Node's Socket.IO", "Python's Socket.IO"
"""How the check of Engine.IO's parameters names what answers."""


TELLING = ("generation", "root", "server", "secret", "apps")
"""The facts of results that tell generations apart."""


def possible(results: Iterable[Result]) -> tuple[Generation, ...]:
    """Return the generations that everything seen so far leaves, the older first; none where no server showed itself.

    Args:
        results: of a walk.
    """
    facts: dict[str, object] = {}
    for result in results:
        facts |= {name: value for name, value in result.facts.items() if name in TELLING and value not in (None, "")}
    if facts.get("generation"):
        return (Generation(str(facts["generation"])),)
    if facts.get("root"):
        return (Generation.V14,)
    if facts.get("server") == PYTHON:
        return (Generation.GEVENT, Generation.ASYNCIO)
    if facts.get("server") != NODE:
        return ()
    if facts.get("secret"):
        return (Generation.SECRET,)
    if "apps" in facts:
        return (Generation.V16,) if facts["apps"] else (Generation.V15,)
    return (Generation.V15, Generation.V16, Generation.SECRET)


def of_process(program: str, command: str, frappe: int | None = None, libraries: str = "") -> Generation | None:
    """Return the generation of a process that listens, where its command line and Frappe's files say it.

    Args:
        program: the name of its program.
        command: its arguments, joined by spaces.
        frappe: the major version of the bench's Frappe.
        libraries: what it has loaded, as its ``maps`` in /proc say; gevent is part of it or is not.
    """
    if program.lower().startswith(("node", "mainthread")):
        return None if frappe is None else NODES.get(frappe, Generation.SECRET if frappe > max(NODES) else None)
    if not program.lower().startswith(("python", "gunicorn", "uvicorn")):
        return None
    words = command.lower()
    if not any(word in words for word in ("gevent", "uvicorn", "frappe.realtime")):
        return None
    if "gevent" in words or "/gevent/" in libraries:
        return Generation.GEVENT
    # Both are started by one module's name; what has not loaded gevent is the other.
    return Generation.ASYNCIO if "uvicorn" in words or libraries else None


def said(generations: Iterable[Generation]) -> str:
    """Say them in one line."""
    return " or ".join(generation.named for generation in generations)

"""RT005: another service owns /socket.io."""

from __future__ import annotations

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT005",
    title="Another service owns /socket.io",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
Something answers on `/socket.io/`, and it is neither Socket.IO nor Frappe: another router with a higher priority
(by default the longer rule wins), a catch-all, or two containers that define one router differently, which makes
Traefik drop it.
""",
    shows="""\
The handshake brings a page of another application with status 200, or changes from one restart to the next.
""",
    remedy="""\
Let one router only own `/socket.io` on this host, and give it a priority above the others'. In Traefik's API,
`/api/http/routers` lists every router with its rule, priority and errors.
""",
    source="traefik#1663, traefik#6433",
    remedies=MappingProxyType(
        {
            "traefik": """\
Give the router of `/socket.io` a higher priority than any other whose rule matches the path
(`traefik.http.routers.NAME.priority`), and look for another container that has labels for the same router name:
`raven-realtime routes` evaluates the rules of all of them.
""",
            "nginx": """\
`nginx -T` prints the effective configuration; a regular-expression location (`~`) wins over `location /socket.io/`
unless that is written `location ^~ /socket.io/`.
""",
        }
    ),
    explains=("RT001", "RT026", "RT037"),
)


def precede(router: str, priority: int) -> str:
    """Return what to do so that a router comes first.

    Args:
        router: the one that should own the path, with its provider: ``frappe-socketio@docker``.
        priority: the highest of the others'.
    """
    name, _, provider = router.rpartition("@")
    wanted = max(1000, priority + 1)
    how = (
        f"the label `traefik.http.routers.{name}.priority={wanted}`"
        if provider in {"docker", "swarm"}
        else f"`priority: {wanted}`"
    )
    return (
        f"Give {router} {how}, or leave `/socket.io` out of the other rule; two containers must not define one router\n"
        "differently. `raven-realtime routes HOST` evaluates the rules of all of them."
    )

"""The inward checks: Socket.IO asked on the server itself, and from inside the sidecar's container."""

from __future__ import annotations

from raven_realtime.machine import CannotLook
from raven_realtime.problem import Problem
from raven_realtime.sidecar import containers
from raven_realtime.sidecar.bridge import started
from raven_realtime.sidecar.containers import Standing
from raven_realtime.sidecar.host import HANDSHAKE, Failed, Host
from raven_realtime.sidecar.way import Way


class Wrong(Exception):  # noqa: N818 (a failed check, no programming error)
    """A check failed; the message is what it says."""


def ask_host(host: Host, address: str) -> str:
    """Take the handshake on the server itself; return curl's answer with its head, or what it complains of."""
    if host.server is None:
        raise Problem("A server behind tcp:// cannot be asked from itself. Reach it by ssh://user@server.")
    url = f"http://{address}{HANDSHAKE}"
    try:
        return host.server.run("curl", "-sS", "-i", "--max-time", "5", "--noproxy", "*", url)
    except CannotLook as reason:
        return str(reason)


def judge_host(answer: str, address: str) -> str:
    """Judge what curl got on the server; all that is further out depends on it.

    Raises:
        Wrong: no open packet (RT002).
    """
    if '"sid"' in answer:
        return f"✓ host  {answer.splitlines()[0].strip()}, open packet"
    raise Wrong(
        "\n".join(
            (
                f"✗ host  RT002: Socket.IO does not answer on {address} of the server",
                f"  seen: {answer[:300].strip() or 'no answer'}",
                "  do:   start Frappe's realtime process (bench: supervisorctl status; docker: the websocket service), "
                "and see its log",
                "  more: raven-realtime explain RT002",
            )
        )
    )


def sidecar(host: Host, stack: str, keep: str, upstream: str, way: Way) -> str:
    """Take the handshake inside the sidecar's container, without Traefik; one that fails leaves the stage.

    Raises:
        Wrong: it never becomes healthy, or Socket.IO does not answer from inside (RT003).
    """
    kept = running(host, stack, keep, way)
    try:
        said = host.ask_inside(kept.id, HANDSHAKE, way.host)
    except Failed as failed:
        said = str(failed)
    if '"sid"' not in said:
        port = upstream.rpartition(":")[2]
        raise Wrong(
            "\n".join(
                (
                    f"✗ sidecar  RT003: nginx runs, and {upstream} does not answer from inside the container",
                    f"  seen: {said[:300]}",
                    f"  do:   let the bridge reach the port (ufw allow in on docker0 to any port {port}; or iptables "
                    f"-I INPUT -i docker0 -p tcp --dport {port} -j ACCEPT),",
                    "        and have Socket.IO listen on 0.0.0.0",
                    "  more: raven-realtime explain RT003",
                    containers.step_back(host, stack, kept),
                )
            ).rstrip()
        )
    require_healthy(host, stack, kept)
    return f"✓ sidecar  open packet for {way.host} through {upstream}"


def running(host: Host, stack: str, keep: str, way: Way) -> Standing:
    """Have the container run that is to serve.

    Raises:
        Wrong: it does not.
    """
    try:
        return started(host, stack, keep, way)
    except Failed as failed:
        raise Wrong(f"✗ sidecar  the container does not run: {failed}\n  seen: {host.log(keep)[-300:]}") from None


def require_healthy(host: Host, stack: str, kept: Standing) -> None:
    """Refuse a container that does not say that it is healthy: Traefik would lead nobody to it.

    Raises:
        Wrong: it does not; the one before serves as before.
    """
    if containers.await_healthy(host, kept.id):
        return
    said = containers.last_health(host, kept.id) or "no output"
    raise Wrong(
        "\n".join(
            (
                f"✗ sidecar  {kept.name} never becomes healthy, and Traefik leads nobody to such a container",
                f"  seen: its health check says: {said}",
                f"  do:   docker logs {kept.name}; the health check asks nginx with the curl or wget of the image",
                containers.step_back(host, stack, kept),
            )
        ).rstrip()
    )

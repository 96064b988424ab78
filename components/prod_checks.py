"""Production's post-deploy checks: the seed's validation steps (section 3.3) and what they leave out.

Inward checks run on the server and need nothing but docker and curl; outward checks run where Pulumi runs.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import pulumi

from components.checks import HopCheck
from components.commands import in_project, raven_realtime
from components.docker_host import DockerHost
from raven_realtime.ports import PUBLIC_TLS_PORT, SOCKETIO_PORT
from raven_realtime.settings import Prod
from raven_realtime.sidecar.scripts import FOLDER, command

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


def inward(settings: Prod, server: DockerHost, container: pulumi.Output[str], stack: str) -> list[HopCheck]:
    """Return the checks on the server: Socket.IO from the host, and from inside the sidecar's container."""
    variables = {"UPSTREAM": settings.upstream, "HOST": settings.served[0].host, "STACK": stack}
    inside = container.apply(lambda kept: server.script("check_sidecar", {**variables, "KEEP": kept}))
    host = [HopCheck("host", server.script("check_host", variables))] if asks_host(settings) else []
    return [*host, HopCheck("sidecar", inside)]


def asks_host(settings: Prod) -> bool:
    """Tell whether Socket.IO listens on the host itself, and not in a container of its own."""
    return not settings.networks or settings.upstream.startswith(("172.", "host-gateway:"))


def ownership(settings: Prod, server: DockerHost, stack: str) -> str:
    """Return the line that compares the sidecar's labels, on its standard input, with all that runs on the server."""
    reached = server.options(ssh_key_file=settings.ssh_key_file, ssh_host_key=settings.ssh_host_key)
    return raven_realtime("ownership", *_wanted(settings), "--stack", stack, *reached)


def routers(settings: Prod) -> list[HopCheck]:
    """Return the check that asks Traefik itself who owns /socket.io, where its API is known."""
    if not settings.traefik_api:
        return []
    asked = ("--traefik-api", settings.traefik_api, "--unchecked-ok")
    return [HopCheck("routers", raven_realtime("ownership", *_wanted(settings), *asked))]


def _wanted(settings: Prod) -> list[str]:
    hosts = [word for served in settings.served for word in ("--host", served.host)]
    return [*hosts, "--router", f"{settings.router}@docker", "--entrypoint", settings.entrypoint]


def outward(settings: Prod, host: DockerHost, credentials: Mapping[str, pulumi.Input[str]]) -> list[HopCheck]:
    """Return the checks from outside, for every host: handshake, certificate, upgrade, namespace; and one event."""
    found: list[HopCheck] = []
    several = len(settings.served) > 1
    for served in settings.served:
        url = f"https://{served.host}"
        mark = f"-{served.host}" if several else ""
        where = _where(settings)
        here = host.connection is None and asks_host(settings)
        like = ("--like", f"http://localhost:{SOCKETIO_PORT}") if here else ()
        trust = _trust(settings)
        found += [
            HopCheck(f"public{mark}", _curl(settings, served.host, ["--insecure", *where, *like])),
            HopCheck(f"certificate{mark}", _certificate(settings, served.host, [*where, *_authority(settings)])),
            HopCheck(
                f"upgrade{mark}",
                raven_realtime("check", "upgrade", url, *where, *trust, "--stay", str(settings.stay_seconds)),
            ),
            HopCheck(
                f"connect{mark}",
                raven_realtime("check", "connect", url, *where, *trust, "--site", served.site),
            ),
        ]
    found += routers(settings)
    first = settings.served[0]
    event = raven_realtime(
        "check",
        "event",
        f"https://{first.host}",
        *_where(settings),
        *_trust(settings),
        "--site",
        first.site,
        *_bench(settings, host),
        "--unchecked-ok",
    )
    return [*found, HopCheck("event", event, credentials)]


def _bench(settings: Prod, host: DockerHost) -> list[str]:
    """Return how the event check publishes: with the server's bench, here or over ssh; it listens here anyway."""
    if not settings.bench_path and not settings.bench_command:
        return []
    called = ["--bench-command", settings.bench_command] if settings.bench_command else []
    reached = host.ssh_options(ssh_key_file=settings.ssh_key_file, ssh_host_key=settings.ssh_host_key)
    server = ["--ssh", host.address, *reached] if host.connection else []
    return ["--bench", settings.bench_path or ".", *called, *server]


def public(settings: Prod) -> dict[str, str]:
    """Return what ask_traefik.sh reads: where the first host is asked, and what its certificate is expected to be."""
    return {
        "HOST": settings.served[0].host,
        "ADDRESS": settings.public_address or "",
        "TLS_PORT": str(PUBLIC_TLS_PORT),
        "RESOLVER": settings.cert_resolver,
        "TRUST": "yes" if settings.trust_certificate else "no",
    }


def _certificate(settings: Prod, host: str, options: list[str]) -> str:
    """Return the handshake with verification, as soon as there is a certificate to trust, and no later than 15 s.

    Without `trustCertificate` it does not wait, and passes with a line that says what is not trusted.
    """
    authority = f" --cacert {shlex.quote(settings.ca_file)}" if settings.ca_file else ""
    again = "--retry 5 --retry-delay 3 --retry-all-errors --max-time 10"  # Traefik may be asking for it just now
    wait = f"curl -sS -o /dev/null {again}{_resolve(settings, host)}{authority} https://{host}/ 2>/dev/null"
    check = raven_realtime("check", "handshake", f"https://{host}", *options)
    explained = command("explain_certificate", {**public(settings), "HOST": host}, in_project(FOLDER))
    if not settings.trust_certificate:
        return f'if said=$({check} 2>/dev/null); then echo "$said"; else {explained}; fi'
    return f"{wait}; {{ {check} || {explained}; }}"


def _resolve(settings: Prod, host: str) -> str:
    address = settings.public_address
    return f" --resolve {host}:{PUBLIC_TLS_PORT}:{address}" if address else ""


def _curl(settings: Prod, host: str, options: list[str]) -> str:
    """Return the seed's ``curl -k`` line, with its answer judged."""
    resolve = _resolve(settings, host)
    judge = raven_realtime("check", "handshake", f"https://{host}", "--answer", "-", "--at", "public", *options)
    return f"curl -k -sS -i --max-time 10{resolve} {shlex.quote(f'https://{host}{HANDSHAKE}')} | {judge}"


def _where(settings: Prod) -> list[str]:
    return ["--resolve", settings.public_address] if settings.public_address else []


def _trust(settings: Prod) -> list[str]:
    if not settings.trust_certificate:
        return ["--insecure"]
    return _authority(settings)


def _authority(settings: Prod) -> list[str]:
    return ["--ca", settings.ca_file] if settings.ca_file else []

"""Production's post-deploy checks: docs/guidelines.md, "Production's checks", and what they leave out.

All of them run where Pulumi runs; the inward ones ask the server, and the sidecar's container, from within.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import pulumi

from components.checks import HopCheck
from components.commands import path, raven_realtime
from components.docker_host import DockerHost
from raven_realtime.ports import PUBLIC_TLS_PORT
from raven_realtime.settings import Prod
from raven_realtime.sidecar.configuration import host_address
from raven_realtime.sidecar.host import HANDSHAKE


def inward(settings: Prod, server: DockerHost, container: pulumi.Output[str], stack: str) -> list[HopCheck]:
    """Return the checks on the server: Socket.IO from the server itself, and from inside the sidecar's container."""
    named = ("--stack", stack, "--host", settings.served[0].host, "--upstream", settings.upstream, *at(settings))
    inside = container.apply(lambda kept: server.line("check", "sidecar", kept, *named))
    address = asked_on_host(settings, server)
    host = [HopCheck("host", _on_host(address, server))] if address else []
    return [*host, HopCheck("sidecar", inside)]


def asked_on_host(settings: Prod, server: DockerHost) -> str:
    """Return where the server itself asks Socket.IO; empty where it listens in a container of its own, or behind tcp://."""
    return host_address(settings.upstream) if server.is_here or server.is_remote else ""


def _on_host(address: str, server: DockerHost) -> str:
    """Return the ``curl`` line of a handshake, with its answer judged; over ssh the step asks the same there."""
    if server.is_remote:
        return server.line("check", "host", address)
    asked = f"curl -sS -i --max-time 10 --noproxy '*' {shlex.quote(f'http://{address}{HANDSHAKE}')}"
    return f"{asked} 2>&1 | {raven_realtime('sidecar', 'check', 'host', address, '--answer', '-')}"


def ownership(settings: Prod, server: DockerHost, stack: str) -> str:
    """Return the line that compares the sidecar's labels, on its standard input, with all that runs on the server."""
    return raven_realtime("ownership", *_wanted(settings), "--stack", stack, *server.options)


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
        here = asked_on_host(settings, host) if host.is_here else ""
        like = ("--like", f"http://{here}") if here else ()
        trusted = _trust(settings)
        found += [
            HopCheck(f"public{mark}", _curl(settings, served.host, ["--insecure", *where, *like])),
            HopCheck(f"certificate{mark}", _certificate(settings, served.host, [*where, *_authority(settings)])),
            HopCheck(
                f"upgrade{mark}",
                raven_realtime("check", "upgrade", url, *where, *trusted, "--stay", str(settings.stay_seconds)),
            ),
            HopCheck(
                f"connect{mark}",
                raven_realtime("check", "connect", url, *where, *trusted, "--site", served.site),
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
    server = ["--ssh", host.address] if host.is_remote else []
    return ["--bench", settings.bench_path or ".", *called, *server]


def at(settings: Prod) -> tuple[str, ...]:
    """Return where Traefik is asked, as an option of `raven-realtime sidecar`."""
    return ("--address", settings.public_address) if settings.public_address else ()


def trust(settings: Prod) -> tuple[str, ...]:
    """Return whether the certificate has to be trusted, as an option of `raven-realtime sidecar`."""
    return () if settings.trust_certificate else ("--no-trust",)


def _certificate(settings: Prod, host: str, options: list[str]) -> str:
    """Return the handshake with verification, as soon as there is a certificate to trust, and no later than 15 s.

    Without `trustCertificate` it does not wait, and passes with a line that says what is not trusted.
    """
    again = "--retry 5 --retry-delay 3 --retry-all-errors"  # Traefik may be asking for it just now
    where = f"--max-time 10{_resolve(settings, host)} https://{host}/ 2>/dev/null"
    wait = f"curl -sS -o /dev/null {again} {where}"
    if settings.ca_file:  # curl trusts it instead of the system's, so the system's come first
        authority = f"--cacert {path(settings.ca_file)}"
        wait = f"{{ curl -sS -o /dev/null {where} || curl -sS -o /dev/null {again} {authority} {where}; }}"
    check = raven_realtime("check", "handshake", f"https://{host}", *options)
    shown = ("--host", host, "--resolver", settings.cert_resolver, *at(settings), *trust(settings))
    explained = raven_realtime("sidecar", "check", "certificate", *shown)
    if not settings.trust_certificate:
        return f'if said=$({check} 2>/dev/null); then echo "$said"; else {explained}; fi'
    return f"{wait}; {{ {check} || {explained}; }}"


def _resolve(settings: Prod, host: str) -> str:
    address = settings.public_address  # which a proxy of the environment would not ask
    return f" --noproxy '*' --resolve {host}:{PUBLIC_TLS_PORT}:{address}" if address else ""


def _curl(settings: Prod, host: str, options: list[str]) -> str:
    """Return the ``curl -k`` line, with its answer judged."""
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
    return ["--ca", path(settings.ca_file)] if settings.ca_file else []

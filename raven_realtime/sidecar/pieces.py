"""What our nginx configurations share: process and files, capacity, forwarded headers, the way to Socket.IO."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

from raven_realtime.problem import Problem
from raven_realtime.proxies.nginx.directive import Directive, block, say
from raven_realtime.proxies.record import record

SPARE = 512
"""Connections and files beyond the clients': listeners, logs, health checks, idle connections to upstreams."""
NODE_KEEPALIVE = "4s"
"""How long idle connections to Socket.IO are kept: less than the 5 s after which Node closes them itself
(``server.keepAliveTimeout``), or a request could be sent into a connection that is being closed."""

IN_ONE_PIECE = "@in_one_piece"
"""The location that answers POSTs."""
POSTED = 418
"""Leads there: a status of nginx's own, which no client sees and no other directive gives."""


@record
class Capacity:
    """How many clients nginx must hold at once, in each worker if need be: one worker can get all of them."""

    sockets: int = 10_000
    limit: int | None = None
    """The most files that the machine lets a process have, where that is known: nginx cannot go beyond."""

    @property
    def connections(self) -> int:
        """For ``worker_connections``: a proxied client takes two (symptom 29); no more than the limit has files for."""
        wanted = 2 * self.sockets + SPARE
        return wanted if self.limit is None else min(wanted, max(self.limit - SPARE, self.limit // 2))

    @property
    def files(self) -> int:
        """For ``worker_rlimit_nofile``: every connection is a file."""
        return min(2 * (self.sockets + SPARE), self.limit or sys.maxsize)

    @property
    def fits(self) -> int:
        """How many clients the machine's limit has room for."""
        return max(0, min(self.sockets, (self.files - 2 * SPARE) // 2))


def process(
    folder: Path, error_log: str, capacity: Capacity, user: str = "", workers: int | None = None
) -> tuple[Directive, ...]:
    """Return the main context: in the foreground, every file under ``folder``.

    Args:
        folder: where pid and temporary files go.
        error_log: a path, or ``stderr``.
        capacity: what the limits follow from.
        user: whom the workers run as when root starts nginx; else they become ``nobody``, who may not enter a private
            folder, and every upload that does not fit into memory is answered with 500.
        workers: how many workers; as many as the machine has cores if left out.
    """
    return (
        *((say("user", user),) if user else ()),
        say("daemon", "off"),
        say("worker_processes", workers or "auto"),
        say("worker_rlimit_nofile", capacity.files),
        say("pid", folder / "nginx.pid"),
        say("error_log", error_log, "warn"),
        block("events", of=(say("worker_connections", capacity.connections), say("multi_accept", "on"))),
    )


def http_basics(folder: Path, body_size: str) -> tuple[Directive, ...]:
    """Return what stands first in ``http``: temporary files under ``folder``, no access log, the largest upload."""
    temporary = tuple(
        say(f"{kind}_temp_path", folder / f"{kind}_temp")
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        *temporary,
        say("access_log", "off"),
        # what a WebSocket asked for stays as long as it does: in small pieces nothing is set aside in vain (3 of 22 KB)
        say("request_pool_size", 512),
        say("server_tokens", "off"),
        say("client_max_body_size", body_size),
        say("absolute_redirect", "off"),
        say("proxy_connect_timeout", "5s"),
        say("map_hash_bucket_size", 256),
        say("server_names_hash_bucket_size", 256),
    )


def trust(proxies: tuple[str, ...]) -> tuple[Directive, ...]:
    """Return the directives that believe X-Forwarded-For and -Proto of the given networks, and of nobody else.

    Raises:
        Problem: one of them is not an address or a network.
    """
    for network in proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise Problem(
                f"Trusted proxies: {network!r} is not an IP address or network. Example: 172.16.0.0/12."
            ) from None
    return (
        block(
            "geo",
            "$realip_remote_addr",
            "$raven_trusted",
            of=(say("default", 0), *(say(network, 1) for network in proxies)),
        ),
        *(say("set_real_ip_from", network) for network in proxies),
        say("real_ip_header", "X-Forwarded-For"),
        say("real_ip_recursive", "on"),
    )


def forwarded_maps() -> tuple[Directive, ...]:
    """Return the maps behind the forwarded headers.

    - The scheme that the browser used, from X-Forwarded-Proto of a trusted proxy. Traefik says ``wss`` on upgrades
      (frappe_docker#1817): that is https, or Frappe calls back over http and loses the user.
    - The Origin, filled in only when the browser left it out: on same-origin polling GETs (raven#2195).
    - Connection: upgrade what asks to be upgraded; leave the header out otherwise, so that plain requests can share
      connections to the upstream.
    """
    return (
        block(
            "map",
            "$raven_trusted:$http_x_forwarded_proto",
            "$raven_scheme",
            of=(
                say("default", "$scheme"),
                say("~*^1:(?:https|wss)(?:,|$)", "https"),
                say("~*^1:(?:http|ws)(?:,|$)", "http"),
            ),
        ),
        block(
            "map",
            "$http_origin",
            "$raven_origin",
            of=(say("default", "$http_origin"), say("", "$raven_scheme://$http_host")),
        ),
        connection_map(),
    )


def connection_map(plain: str = "") -> Directive:
    """Return the map from the client's Upgrade to the Connection header for the upstream."""
    return block(
        "map",
        "$http_upgrade",
        "$raven_connection",
        of=(say("default", "upgrade"), say("", plain)),
    )


def upstream(name: str, address: str, *, keepalive: int = 0, idle: str = NODE_KEEPALIVE) -> Directive:
    """Return an upstream of one server; ``keepalive`` is how many idle connections each worker keeps to it."""
    reuse = (
        (say("keepalive", keepalive), say("keepalive_requests", 1_000_000), say("keepalive_timeout", idle))
        if keepalive
        else ()
    )
    return block("upstream", name, of=(say("server", address), *reuse))


def forwarded_headers(host: str) -> tuple[Directive, ...]:
    """Return the headers that every proxied request carries."""
    return (
        say("proxy_set_header", "Host", host),
        say("proxy_set_header", "X-Real-IP", "$remote_addr"),
        say("proxy_set_header", "X-Forwarded-For", "$proxy_add_x_forwarded_for"),
        say("proxy_set_header", "X-Forwarded-Proto", "$raven_scheme"),
    )


def upgrade_headers() -> tuple[Directive, ...]:
    """Return what a WebSocket needs to pass: HTTP/1.1, Upgrade, and Connection from the map."""
    return (
        say("proxy_http_version", "1.1"),
        say("proxy_set_header", "Upgrade", "$http_upgrade"),
        say("proxy_set_header", "Connection", "$raven_connection"),
    )


def long_lived(timeout: int) -> tuple[Directive, ...]:
    """Return what keeps a silent connection open for ``timeout`` seconds and passes on every byte at once."""
    return (*patient(timeout), say("proxy_buffering", "off"))


def patient(timeout: int) -> tuple[Directive, ...]:
    """Return what keeps a silent connection open for ``timeout`` seconds."""
    return (say("proxy_read_timeout", timeout), say("proxy_send_timeout", timeout))


def socketio_locations(target: str, site: str, timeout: int) -> tuple[Directive, ...]:
    """Return the locations of Socket.IO, with what Frappe checks on top.

    What is asked with a POST is answered in one piece, which nginx can only be told in a location of its own: a proxy
    written in Go, as Traefik is, may close its connection to nginx as soon as it passes on the head of an answer to a
    request with a body, and then the rest of it is lost (docs/adr/0011). HTTP/1.0, since nginx passes on an answer in
    chunks as these come, buffered or not; one that ends with its connection it keeps until then.

    Args:
        target: the URL to pass to, without a path.
        site: the Frappe site, or the variable that holds it.
        timeout: seconds for reading and sending.
    """
    passed = say("proxy_pass", target)
    headers = (
        *forwarded_headers("$host"),
        say("proxy_set_header", "Origin", "$raven_origin"),
        say("proxy_set_header", "X-Frappe-Site-Name", site),
    )
    return (
        # nginx would answer /socket.io with a 301, which no WebSocket and no POST survives.
        block("location", "=", "/socket.io", of=(say("rewrite", "^", "/socket.io/", "last"),)),
        block(
            "location",
            "/socket.io/",
            of=(
                say("error_page", POSTED, "=", IN_ONE_PIECE),
                block("if", "($request_method", "=", "POST)", of=(say("return", POSTED),)),
                passed,
                *upgrade_headers(),
                *headers,
                *long_lived(timeout),
            ),
        ),
        block(
            "location",
            IN_ONE_PIECE,
            of=(
                passed,
                say("proxy_http_version", "1.0"),
                say("proxy_set_header", "Connection", "close"),
                *headers,
                *patient(timeout),
                say("proxy_buffering", "on"),
            ),
        ),
    )


def main(process_part: tuple[Directive, ...], *http: Directive) -> tuple[Directive, ...]:
    """Return a whole configuration."""
    return (*process_part, block("http", of=http))

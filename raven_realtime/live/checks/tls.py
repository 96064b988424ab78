"""TLS on the public port: agreed and verified, as a browser does."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import replace
from typing import Any

from raven_realtime.findings import explain
from raven_realtime.live.engineio import Stage, Unanswered, reach, reason
from raven_realtime.live.refusals import finding
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Target
from raven_realtime.shown import shown

CHECK = Check(
    name="tls",
    title="TLS",
    proves="TLS is agreed, and the certificate is valid for this name and signed by somebody trusted.",
    rank=30,
    through=("edge",),
)
SECONDS = 4.0
NO_TLS = frozenset(["WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"])
"""OpenSSL's words for an answer that is no TLS at all: OpenSSL 1.1, 3.0, 3.2."""
NO_TLS_REMEDY = """\
If what listens there is meant to be plain HTTP, ask it so: `raven-realtime doctor {url}`. If it is the public side, TLS
has to end there: Traefik's router needs `tls`, nginx `listen 443 ssl`.
"""


async def check(target: Target) -> Result:
    """Agree on TLS with the target, offering HTTP/2 and HTTP/1.1."""
    started = time.monotonic()
    context = target.tls()
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        address = await reach(target)
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(address, target.port, ssl=context, server_hostname=target.host)
        spoken = writer.get_extra_info("ssl_object")
        result = _agreed(spoken, insecure=target.insecure)
        writer.transport.abort()
    except Unanswered as error:
        result = Result.of(CHECK.name, error.said, finding(error))
    except TimeoutError:
        late = Unanswered(Stage.TIME, f"TLS was not agreed within {SECONDS:.0f} s")
        result = Result.of(CHECK.name, late.said, finding(late))
    except ssl.SSLCertVerificationError as error:
        said = shown(error.verify_message)
        result = Result.of(CHECK.name, said, explain("RT036").found(said))
    except OSError as error:
        said = shown(error.reason if isinstance(error, ssl.SSLError) else reason(error))
        if said in NO_TLS:
            said = f"port {target.port} does not speak TLS ({said})"
            remedy = NO_TLS_REMEDY.format(url=replace(target, scheme="http").origin)
            found = explain("RT036").found(said, remedy=remedy)
        else:
            found = explain("RT036").found(f"TLS was not agreed: {said}")
        result = Result.of(CHECK.name, said, found)
    return result.taking(time.monotonic() - started)


def _agreed(spoken: ssl.SSLObject, *, insecure: bool) -> Result:
    protocol = spoken.selected_alpn_protocol() or "no ALPN"
    said = [spoken.version() or "TLS", protocol]
    facts: dict[str, object] = {"alpn": protocol}
    certificate: Any = spoken.getpeercert()
    if insecure:
        said.append("certificate not verified (--insecure)")
    elif certificate:
        ends = ssl.cert_time_to_seconds(certificate["notAfter"])
        facts["certificate_ends"] = ends
        days = (ends - time.time()) / 86400
        issuer = {name: value for part in certificate["issuer"] for name, value in part}
        by = shown(issuer.get("organizationName") or issuer.get("commonName") or "nobody named")
        said.append(f"certificate by {by}, {days:.0f} days left")
    return Result.of(CHECK.name, ", ".join(said), **facts)

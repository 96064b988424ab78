"""Runs where the check of the public certificate failed: whose certificate is it, and what is to be done?"""

from __future__ import annotations

from raven_realtime.sidecar.check import Wrong
from raven_realtime.sidecar.way import Way, default_certificate


def explained(way: Way, resolver: str, *, trust: bool) -> str:
    """Say whose certificate a host shows, where its check failed.

    Returns:
        A line that reports it, where it need not be trusted.

    Raises:
        Wrong: it has to be trusted, or there is none.
    """
    shown = way.certificate()
    if not trust and shown:
        return f"? certificate not trusted: {way.host} shows {', '.join(shown)}"
    if way.shows_default_certificate():
        raise Wrong("\n".join(default_certificate(way.host, resolver)))
    if not shown:
        raise Wrong(f"{way.host} shows no certificate at all.")
    raise Wrong(
        f"The certificate of {way.host}: {', '.join(shown)}.\n"
        "  do:   name its authority in raven-realtime:caFile if it is your own, or set "
        "raven-realtime:trustCertificate to false."
    )

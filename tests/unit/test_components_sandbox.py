"""The sandbox component: which certificate authority its checks trust."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from components.sandbox import Ground
from raven_realtime.sandbox.places import Places
from raven_realtime.settings import load_sandbox

OWN = {"ca_file": "/etc/ssl/company.pem"}


@pytest.mark.parametrize(
    ("given", "trusted"),
    [
        ({}, ".sandbox/{certificate}"),
        (OWN, ".sandbox/{certificate}"),
        ({"tunnel": "ngrok", "ngrok_authtoken": "t", **OWN}, "/etc/ssl/company.pem"),
        ({"tunnel": "ngrok", "ngrok_authtoken": "t"}, ""),
    ],
    ids=["local", "local, with one's own", "ngrok, with one's own", "ngrok"],
)
def test_the_local_tunnel_is_trusted_by_its_own_certificate(given: dict[str, Any], trusted: str) -> None:
    places = Places(Path.cwd() / ".sandbox")
    certificate = str(places.certificate.relative_to(places.root))
    found = cast(Any, None)
    ground = Ground("sandbox", load_sandbox(given, where="a test"), places, found, {}, pulumi.ResourceOptions())
    assert ground.ca == trusted.format(certificate=certificate)

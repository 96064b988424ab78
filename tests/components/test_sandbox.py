"""The sandbox component: which certificate authority its checks trust, and a plan for another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from components.sandbox import Ground
from components.sandbox_checks import _curl
from raven_realtime.sandbox import survey
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


@pytest.mark.parametrize("besides", [True, False], ids=["besides the system's", "alone"])
def test_curl_asks_with_the_systems_certificate_authorities_too(besides: bool) -> None:
    trusted = [part for part in _curl("https://a.example", ca="/own.pem", besides=besides).split("|") if "curl" in part]
    assert ["--cacert" in part for part in trusted] == [*([False] if besides else []), True]


@pytest.mark.parametrize("bench", ["demo", "/nowhere/bench"])
def test_what_is_planned_for_another_machine_asks_nothing_of_this_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bench: str
) -> None:
    """A machine without nginx and without that bench, whose ports are whoever's."""
    monkeypatch.setenv("PATH", str(tmp_path))
    settings, places = load_sandbox({"bench": bench}, where="a test"), Places(tmp_path)
    found = survey.presume(settings, places)
    assert (found.life, found.public_port, found.web_port) == (1, 443, 8000)
    assert not list(tmp_path.iterdir())

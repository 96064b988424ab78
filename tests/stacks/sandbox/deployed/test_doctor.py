"""The doctor on a deployed sandbox, from its public URL to its bench."""

from __future__ import annotations

import json

from raven_realtime.sandbox.survey import DEMO_BENCH_COMMAND, DEMO_SITE
from tests.live.conftest import cli
from tests.stacks.deployment import PUBLIC, Deployment

BLIND = {"containers", "routers", "versions"}
"""What is not there to be asked: the sandbox has no Docker and no Traefik."""


def test_nothing_is_found(sandbox: Deployment) -> None:
    places = sandbox.copy.places
    site = ("--site", DEMO_SITE, "--ca", str(places.certificate))
    login = ("--credentials", str(places.demo_bench / "sites" / DEMO_SITE / "credentials.env"))
    bench = ("--bench", str(places.demo_bench), "--bench-command", str(sandbox.copy.folder / DEMO_BENCH_COMMAND))
    nginx = ("--nginx", str(places.nginx_conf("multiplexer")))
    ran = cli("doctor", PUBLIC, *site, *login, *bench, *nginx, "-o", "json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = json.loads(ran.stdout)
    assert [found for result in said["results"] for found in result["findings"]] == []
    assert {result["hop"] for result in said["results"] if result["outcome"] == "not checked"} == BLIND

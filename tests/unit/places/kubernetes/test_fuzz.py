"""Whatever stands in a manifest, the answer is an outcome or Unreadable."""

from __future__ import annotations

import contextlib
import random

import pytest

from raven_realtime.places.kubernetes import Objects, is_helm_values, is_manifest, merged, read, read_values
from raven_realtime.proxies.ingress.annotations import unread
from raven_realtime.proxies.ingress.read import proxies
from raven_realtime.proxies.interface import Request
from raven_realtime.proxies.unreadable import Unreadable
from tests.unit.places.kubernetes.test_charts import VALUES
from tests.unit.places.kubernetes.test_objects import CONFIG, SCALER, SERVICE, workload
from tests.unit.proxies.ingress.manifests import REALTIME, ingress
from tests.unit.proxies.ingress.test_crds import FORCED, route
from tests.unit.proxies.ingress.test_gateway import at, routed

OWN = "nginx.ingress.kubernetes.io"
WHOLE = [
    SERVICE + workload() + SCALER % "realtime" + CONFIG,
    ingress(
        f"{OWN}/rewrite-target: /$1\n{OWN}/configuration-snippet: |\n  proxy_set_header A b;\n{OWN}/canary: 'true'"
    ),
    ingress(
        "nginx.org/rewrites: serviceName=web rewrite=/x\nnginx.com/sticky-cookie-services: serviceName=web x", REALTIME
    ),
    ingress("alb.ingress.kubernetes.io/listen-ports: '[{\"HTTPS\":443}]'", klass="alb"),
    ingress(klass="gce"),
    ingress("traefik.ingress.kubernetes.io/router.tls: 'true'", klass="traefik"),
    FORCED + route("{name: both}", "{name: sticky, kind: TraefikService}"),
    routed(at("/x.*", "RegularExpression"), "filters: [{type: URLRewrite, urlRewrite: {hostname: b}}]"),
    VALUES,
]
JUNK = [
    *("{", "}", "[", "]", "null", "~", "-", ": ", '"', "'", "&a", "*a", "|", "\t", "\0", "9" * 20, "{{ .Values.a }}"),
    *("---\n", "items:\n", "kind: List\n", "é", "\ud800", "(?=x)", "*", "$1", "..", "!!binary x", "0x1f", "? a\n", "²"),
]


def spoilt(seed: int) -> str:
    chance = random.Random(seed)
    lines = chance.choice(WHOLE).split("\n")
    for _ in range(chance.randint(1, 4)):
        where = chance.randrange(len(lines))
        line = lines[where]
        cut = chance.randint(0, len(line))
        junk = chance.choice(JUNK)
        lines[where] = chance.choice(
            [line[:cut] + junk + line[cut:], line.partition(":")[0] + ": " + junk, "  " + line]
        )
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(80))
def test_spoilt_manifests(seed: int) -> None:
    text = spoilt(seed)
    is_manifest(text)
    is_helm_values(text)
    parts: list[Objects] = []
    for reader in (read, read_values):
        with contextlib.suppress(Unreadable):
            parts.append(reader(text, "a.yaml"))
    objects = merged(parts)
    for service in objects.services:
        objects.replicas_of(service)
    for one in objects.ingresses:
        unread(one, objects)
    for proxy in proxies(objects):
        for entrance in proxy.entrances()[:3]:
            for target in ("/x/y?a=1", "/../x", "/a%2f%ff", ""):
                headers = (("Upgrade", "websocket"), ("Connection", "upgrade"))
                proxy.handle(Request(entrance.host, target, headers=headers, port=entrance.listener.port))

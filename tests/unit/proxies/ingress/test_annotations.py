"""Who has an Ingress, and which annotations he does not read."""

from __future__ import annotations

import pytest

from raven_realtime.places.kubernetes import read
from raven_realtime.proxies.ingress.annotations import controller_of, reader_of, unread
from tests.unit.proxies.ingress.manifests import ingress, ingress_class

COMMUNITY = "nginx.ingress.kubernetes.io/affinity: cookie"
F5 = "nginx.org/websocket-services: web"
TRAEFIK = "traefik.ingress.kubernetes.io/router.tls: 'true'"


@pytest.mark.parametrize(
    ("klass", "annotations", "controller", "certain", "strangers"),
    [
        ("nginx", COMMUNITY, "ingress-nginx", False, []),
        ("nginx", F5, "nginx-ingress", False, []),
        ("nginx", f"{COMMUNITY}\n{F5}", "ingress-nginx", False, ["nginx-ingress"]),
        ("nginx", TRAEFIK, "ingress-nginx", False, ["traefik"]),
        ("traefik", COMMUNITY, "traefik", True, ["ingress-nginx"]),
        ("alb", "cert-manager.io/cluster-issuer: x", "alb", True, []),
        ("gce", COMMUNITY, "gce", True, ["ingress-nginx"]),
        ('""', TRAEFIK, "traefik", False, []),
        ('""', "", "ingress-nginx", False, []),
        ("own", COMMUNITY, "ingress-nginx", False, []),
        ("own", "", "", False, []),
    ],
)
def test_the_class_decides(klass: str, annotations: str, controller: str, certain: bool, strangers: list[str]) -> None:
    resources = read(ingress(annotations, klass=klass), "a.yaml")
    chosen = controller_of(resources.ingresses[0], resources)
    assert (chosen.controller, not chosen.assumed) == (controller, certain)
    assert [one.reader for one in unread(resources.ingresses[0], resources)] == strangers


@pytest.mark.parametrize(
    ("controller", "name"),
    [("k8s.io/ingress-nginx", "ingress-nginx"), ("nginx.org/ingress-controller", "nginx-ingress"), ("x/y", "x/y")],
)
def test_an_ingress_class_knows(controller: str, name: str) -> None:
    resources = read(ingress(COMMUNITY) + ingress_class(controller), "a.yaml")
    assert controller_of(resources.ingresses[0], resources).controller == name


@pytest.mark.parametrize(
    ("annotation", "reader"),
    [
        ("nginx.ingress.kubernetes.io/proxy-read-timeout", "ingress-nginx"),
        ("nginx.org/websocket-services", "nginx-ingress"),
        ("alb.ingress.kubernetes.io/scheme", "alb"),
        ("kubernetes.io/ingress.class", ""),
        ("cert-manager.io/cluster-issuer", ""),
    ],
)
def test_readers(annotation: str, reader: str) -> None:
    assert reader_of(annotation) == reader

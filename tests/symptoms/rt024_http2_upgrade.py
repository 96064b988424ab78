"""Fails over HTTP/2 only: Traefik offers extended CONNECT (as Go does with this switch), and cannot pass it on."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    24,
    "RT024",
    {"traefik_environment": (("GODEBUG", "http2xconnect=1"),)},
    instead="A switch of Go's HTTP/2 server has Traefik offer extended CONNECT; some versions did so by default.",
)

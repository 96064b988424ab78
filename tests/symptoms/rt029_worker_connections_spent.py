"""worker_connections are not enough: each proxied client takes two, and others hold all that nginx has."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    29,
    "RT029",
    {
        "nginx": (
            ("worker_processes auto;", "worker_processes 1;"),
            ("worker_connections 20512;", "worker_connections 20;"),
        )
    },
    asks={"inside": True, "held": 12},
    instead="20 connections and 12 sockets instead of 1,024 and 512.",
)

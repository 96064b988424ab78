"""worker_connections are not enough: each proxied client takes two, and others hold all that nginx has."""

from raven_realtime.sidecar.pieces import Capacity
from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    29,
    "RT029",
    {"nginx": ((f"worker_connections {Capacity().connections};", "worker_connections 20;"),)},
    asks={"inside": True, "held": 12},
    instead="20 connections and 12 sockets instead of 1,024 and 512.",
)

"""Closes when idle: proxy_read_timeout is shorter than the pause between two pings (here 4 s instead of 60 s)."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    22,
    "RT022",
    {"nginx": (("proxy_read_timeout 86400;", "proxy_read_timeout 4s;"),)},
    asks={"hold": 6.0},
    instead="4 s instead of nginx's default of 60 s, so that the test need not wait a minute.",
)

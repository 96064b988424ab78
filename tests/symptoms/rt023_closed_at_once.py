"""1006 after two seconds: a proxy closes what it upgraded, as Traefik 2.11.1 did; that version cannot be had here."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    23,
    "RT023",
    {"nginx": (("proxy_read_timeout 86400;", "proxy_read_timeout 2s;"),)},
    asks={"stay": 3.0},
    instead="nginx with a timeout of 2 s: Traefik 2.11.1, whose fault this was, is not to be had here.",
)

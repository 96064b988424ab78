"""502 after a restart: nginx keeps the address that the name of its upstream had when nginx started."""

from tests.symptoms.path import Symptom

BY_NAME = ("server 127.0.0.1:9000;", "server realtime.localhost:9000;")
SYMPTOM = Symptom(
    30,
    "RT030",
    {"nginx_hosts": "127.0.0.9 realtime.localhost\n"},
    asks={"inside": True, "nginx": (BY_NAME,)},
    mended={"nginx_hosts": "127.0.0.1 realtime.localhost\n"},
)

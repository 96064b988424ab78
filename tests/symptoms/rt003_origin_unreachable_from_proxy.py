"""504 from the sidecar: a firewall drops what it sends to :9000, as ufw does with what comes from docker0."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    3,
    "RT003",
    {"dropped": ("127.0.0.1:9000",), "nginx": (("proxy_connect_timeout 5s", "proxy_connect_timeout 1s"),)},
    instead="A firewall's rule on loopback stands for one on docker0; nginx waits 1 s for the connection, not 5.",
)

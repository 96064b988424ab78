"""Another service owns /socket.io: a router with a higher priority leads to a wiki."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    5,
    "RT005",
    {
        "traefik": {
            "routers": {
                "wiki": {
                    "rule": "Host(`localhost`) && PathPrefix(`/s`)",
                    "entryPoints": ["websecure"],
                    "service": "elsewhere",
                    "priority": 1000,
                    "tls": {},
                }
            }
        }
    },
)

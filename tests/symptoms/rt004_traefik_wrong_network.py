"""504 from Traefik: it asks the container at an address on a network that it is not part of, and nothing comes back."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    4,
    "RT004",
    {
        "dropped": ("127.0.0.77:8080",),
        "traefik": {
            "serversTransports": {"impatient": {"forwardingTimeouts": {"dialTimeout": "1s"}}},
            "services": {
                "frappe-socketio": {
                    "loadBalancer": {
                        "servers": [{"url": "http://127.0.0.77:8080"}],
                        "serversTransport": "impatient",
                    }
                }
            },
        },
    },
    instead="A dropped address stands for a second Docker network; Traefik waits 1 s for the connection, not 30.",
)

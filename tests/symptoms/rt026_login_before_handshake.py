"""302 on the handshake: forward-auth on the router of /socket.io."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    26,
    "RT026",
    {
        "traefik": {
            "routers": {"frappe-socketio": {"middlewares": ["login"]}},
            "middlewares": {"login": {"forwardAuth": {"address": "http://127.0.0.1:8088/login-first/"}}},
        }
    },
)

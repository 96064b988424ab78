"""CORS error: the page is on another origin, and the proxy takes away what would allow that; mended by one origin."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    19,
    "RT019",
    {
        "page": "https://app.example.com",
        "nginx": (("location /socket.io/ {", "location /socket.io/ { proxy_hide_header Access-Control-Allow-Origin;"),),
    },
    instead="The twin's page is on the host of Socket.IO, which is the remedy: what is asked changes with it.",
)

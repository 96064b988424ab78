"""No cookie: the proxy takes cookies away, as a host of its own does, whose cookies are others."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    13,
    "RT013",
    {"nginx": (("location /socket.io/ {", 'location /socket.io/ { proxy_set_header Cookie "";'),)},
    asks={"event": True},
    instead="The proxy takes the cookie away; from another host the browser does not send it.",
)

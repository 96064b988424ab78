"""404 as HTML on /socket.io: no router leads to Socket.IO, so the web application answers."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(1, "RT001", {"traefik": {"routers": {"frappe-socketio": None}}})

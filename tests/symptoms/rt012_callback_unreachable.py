"""Unauthorized, fetch failed: the realtime process does not trust the certificate at the address it calls back."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(12, "RT012", {"socketio_environment": (("NODE_EXTRA_CA_CERTS", ""),)}, asks={"event": True})

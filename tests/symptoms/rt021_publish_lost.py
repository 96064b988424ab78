"""Published and lost: the realtime process listens to another redis than Frappe publishes to."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    21, "RT021", {"socketio_environment": (("FRAPPE_REDIS_QUEUE", "redis://127.0.0.1:11001"),)}, asks={"event": True}
)

"""Each event twice: two processes with the redis adapter, each of which also subscribes to what Frappe publishes."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    31,
    "RT031",
    {"replicas": 2, "socketio_environment": (("REALTIME_ADAPTER", "redis"),)},
    asks={"event": True},
)

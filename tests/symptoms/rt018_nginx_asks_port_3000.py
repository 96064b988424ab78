"""nginx goes to :3000: the fallback of bench's template where socketio_port is not set."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    18, "RT018", {"nginx": (("server 127.0.0.1:9000;", "server 127.0.0.1:3000;"),)}, asks={"inside": True}
)

"""502: the realtime process does not run."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(2, "RT002", {"socketio": False})

"""400 "Session ID unknown": two processes behind Traefik without stickiness."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(6, "RT006", {"replicas": 2, "sticky": False}, mended={"replicas": 2})

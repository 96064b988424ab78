"""Node exits with ECONNREFUSED: redis does not run where the bench says that it does."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(20, "RT020", {"redis": False}, asks={"inside": True})

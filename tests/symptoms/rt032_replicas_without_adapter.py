"""Typing works for some: two processes, each client kept on one of them, and no adapter between the two."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(32, "RT032", {"replicas": 2}, asks={"event": True})

"""Fails on a public port other than 443: frappe-react-sdk puts its own port in its place."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    17,
    "RT017",
    {"url": "https://localhost:8443"},
    instead="A warning, for every hop works. The twin asks port 443, which is the remedy: what is asked changes.",
)

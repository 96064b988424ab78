"""Fails on a public port other than 443: frappe-react-sdk puts its own port in its place."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(17, "RT017", {"url": "https://localhost:8443"})

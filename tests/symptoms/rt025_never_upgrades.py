"""Polling works and is never upgraded: nginx without the Upgrade header."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(25, "RT025", {"nginx": (("proxy_set_header Upgrade $http_upgrade;", ""),)})

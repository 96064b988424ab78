"""Invalid namespace: the proxy names another site than the one in the browser."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(9, "RT009", {"nginx": (("localhost raven.localhost;", "localhost another.localhost;"),)})

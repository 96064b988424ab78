"""Connected as Guest: `$scheme` is http behind Traefik, and the redirected callback loses its cookie."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    11, "RT011", {"nginx": (("$raven_scheme://$http_host", "$scheme://$http_host"),)}, asks={"event": True}
)

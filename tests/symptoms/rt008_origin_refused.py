"""Invalid origin: the proxy passes on what the browser sends, and browsers leave Origin out of same-origin GETs."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    8, "RT008", {"nginx": (("proxy_set_header Origin $raven_origin;", "proxy_set_header Origin $http_origin;"),)}
)

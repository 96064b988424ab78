"""400 with another code: a location of nginx that rewrites the request and drops its query."""

from tests.symptoms.path import Symptom

SYMPTOM = Symptom(
    7, "RT007", {"nginx": (("location /socket.io/ {", "location /socket.io/ { rewrite ^ /socket.io/? break;"),)}
)

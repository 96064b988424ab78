"""9000 and 9001 are mixed up: the page was built for the port of a second bench."""

from tests.symptoms.path import Symptom
from tests.symptoms.world import page

SYMPTOM = Symptom(16, "RT016", {"traefik": page("other-port")})

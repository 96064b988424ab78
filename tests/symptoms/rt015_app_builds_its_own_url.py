"""Mixed content and odd addresses: a script of the page puts the address of the socket together by itself."""

from tests.symptoms.path import Symptom
from tests.symptoms.world import page

SYMPTOM = Symptom(15, "RT015", {"traefik": page("own-url")})

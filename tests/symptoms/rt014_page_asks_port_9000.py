"""The browser asks https://site:9000: the page is served in development mode."""

from tests.symptoms.path import Symptom
from tests.symptoms.world import page

SYMPTOM = Symptom(14, "RT014", {"traefik": page("development")})

"""Traefik can read the labels of this Docker."""

from raven_realtime.declared.rule import Rule
from raven_realtime.declared.versions import by_table
from raven_realtime.findings.rt061_docker_too_new_for_traefik import ENTRY

RULE = Rule(
    "docker-fits-traefik", "Traefik speaks the API of the Docker that it reads labels from", ENTRY, by_table(ENTRY)
)

"""RT004: Traefik asks the container on a network it is not on."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT004",
    title="Traefik asks the container on a network it is not on",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
The container is on several Docker networks and Traefik took the address on one that it does not share. It waits for
an address that it cannot reach.
""",
    shows="""\
`504 Gateway Timeout` in plain text after 30 s; often only after some restarts, because the choice among the
networks is not stable.
""",
    remedy="""\
Name the shared network on the container: `traefik.docker.network=proxy` (the network's real name in
`docker network ls`, with the compose project's prefix), and start the container again: labels are read when it is
created.
""",
    said=(
        "504",
        "504 Gateway Timeout",
    ),
    source="traefik#5040",
    remedies=MappingProxyType(
        {
            "traefik": """\
Set the label `traefik.docker.network=NETWORK` on the sidecar, with the name of a network that Traefik is on too:
`docker inspect -f '{{json .NetworkSettings.Networks}}' CONTAINER` for both, and take the one they share.
""",
        }
    ),
    explains=("RT002", "RT003", "RT038"),
)

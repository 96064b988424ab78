"""RT108: the proxy's image is not pinned by digest."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT108",
    title="The proxy's image is not pinned by digest",
    level=Level.NOTE,
    hop="proxy",
    meaning="""\
A tag may name another image tomorrow: the next deployment, or the restart of a node, runs something that nobody has
looked at, in front of every session cookie.
""",
    shows="""\
Nothing, until an image behind the tag changes.
""",
    remedy="""\
Name the image with its digest: `nginx@sha256:…`. `docker buildx imagetools inspect nginx:stable` shows it.
""",
    source="Docker documentation, Image digests",
)

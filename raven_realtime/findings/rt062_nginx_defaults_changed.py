"""RT062: this nginx has other defaults."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT062",
    title="This nginx has other defaults",
    level=Level.NOTE,
    hop="proxy",
    meaning="""\
From 1.29.7 on, so in 1.30 too, nginx speaks HTTP/1.1 to upstreams by default, sends no Connection header, and keeps
idle connections to them for 60 s. Node closes an idle connection after 5 s: a request that meets the close gets a 502.
""",
    shows="""\
A configuration that worked on an older nginx still does; a POST now and then answers 502.
""",
    remedy="""\
Say what you mean: `proxy_http_version 1.1`, the Upgrade and Connection headers, and in the upstream
`keepalive_timeout 4s`, or no `keepalive`.
""",
    source="nginx 1.29.7, CHANGES",
)

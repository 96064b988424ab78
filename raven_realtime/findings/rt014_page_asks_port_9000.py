"""RT014: the page asks for port 9000 itself."""

import re
from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT014",
    title="The page asks for port 9000 itself",
    level=Level.ERROR,
    hop="browser",
    meaning="""\
The page was built or started in development mode: the desk's client then connects to `https://site:9000`, which is
not public (and should not be).
""",
    shows="""\
In the network tab, requests to `https://chat.example.com:9000/socket.io/` that time out or are refused.
""",
    remedy="""\
Start without development mode: `bench start --no-dev`, and run production under supervisor, not under `bench start`.
The page must not contain `window.dev_server = 1`. Then clear the browser's cache.
""",
    said=(
        "ERR_CONNECTION_TIMED_OUT",
        ":9000/socket.io/",
        "Socket.IO heartbeat check failed",
    ),
    source="frappe#23173",
    remedies=MappingProxyType(
        {
            "bench": """\
`bench start --no-dev`, or unset `DEV_SERVER` in the environment of the web process, and
`bench --site SITE clear-cache`.
""",
        }
    ),
)

DEVELOPMENT = re.compile(r"window\.dev_server\s*=\s*(?:1|true)")
"""How it shows in a page: the desk's client takes ``host:socketio_port`` (frappe templates, frappe#23173)."""

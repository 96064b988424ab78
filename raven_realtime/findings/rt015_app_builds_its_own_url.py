"""RT015: an app builds its own Socket.IO URL."""

import re
from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT015",
    title="An app builds its own Socket.IO URL",
    level=Level.ERROR,
    hop="browser",
    meaning="""\
A custom app or an old frontend puts the address together by itself: `http://` on an https page (mixed content), a
host and port without a colon (`site9000`), or a port fixed at build time.
""",
    shows="""\
"Mixed Content" or a strange address such as `https://chat.example.com9000/socket.io/` in the browser's console.
""",
    remedy="""\
Let the app use `window.location.origin` with the path `/socket.io/` and no port, or frappe-react-sdk's provider
without a `socketPort`. Rebuild: `bench build --app APP`.
""",
    said=("Mixed Content",),
    source="frappe#31550",
    remedies=MappingProxyType(
        {
            "bench": """\
`grep -rl ':9000\\|socketio_port' sites/assets/APP` names the bundle; update the app or correct it, then
`bench build --app APP` and `bench --site SITE clear-cache`.
""",
        }
    ),
)

OWN_ADDRESS = re.compile(
    r"""location\.host(?:name)?\s*(?:\+\s*["'`]|\})\s*:?(?P<port>[1-9]\d{3,4})\b"""
    r"""|\bio\(\s*["'`]http://(?!localhost\b|127\.)"""
)
"""How it shows in a script or page: the host with a port written behind it, or plain http, as minifiers leave it.

Frappe's own client and frappe-react-sdk take the port from a variable and only under conditions: they do not match.
"""
SECOND_BENCH = "9001"
"""What Frappe's bench gives to the Socket.IO of the next bench on a machine: with it the finding is RT016."""

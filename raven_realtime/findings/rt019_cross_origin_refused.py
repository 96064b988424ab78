"""RT019: cross-origin client refused."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT019",
    title="Cross-origin client refused",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
The page is on another origin than Socket.IO, and the answer does not allow that origin with credentials: the
browser throws the answer away. Frappe itself allows the asking origin; a proxy that adds or removes the header, or
adds a second one, breaks that.
""",
    shows="""\
"blocked by CORS policy: No 'Access-Control-Allow-Origin' header" in the browser's console; curl is right.
""",
    remedy="""\
Serve the page and `/socket.io/` from one origin: then no such header is needed. If it has to be two, pass on what
Frappe sends: exactly one `Access-Control-Allow-Origin` with the page's origin, and
`Access-Control-Allow-Credentials: true`.
""",
    said=(
        "blocked by CORS policy",
        "No 'Access-Control-Allow-Origin' header",
        "CORS",
    ),
    source="frappe#21413",
    remedies=MappingProxyType(
        {
            "nginx": """\
Remove `add_header Access-Control-Allow-Origin …` and `proxy_hide_header` from the location of `/socket.io/`: Frappe
sends it.
""",
            "traefik": """\
Remove the CORS headers middleware (`accessControlAllow…`) from the router of `/socket.io`.
""",
        }
    ),
)

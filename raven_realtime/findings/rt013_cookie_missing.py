"""RT013: the session cookie does not arrive."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT013",
    title="The session cookie does not arrive",
    level=Level.ERROR,
    hop="browser",
    meaning="""\
Frappe got no session cookie and no token. `sid` belongs to the host that set it (host-only, SameSite=Lax): a page
on another host, a second tunnel for Socket.IO, or a mobile client does not send it. Or a proxy on the way drops the
header.
""",
    shows="""\
`44/site,{"message":"No cookie transmitted."}` (newer: "Missing cookie and authorization header…", or "No
authentication method used…") for a user who is logged in.
""",
    remedy="""\
Serve the page and `/socket.io/` from one host. A client that is no browser sends `Authorization: token KEY:SECRET`
in `extraHeaders`. Two tunnels, one for the web and one for Socket.IO, work for such clients only.
""",
    said=(
        "No cookie transmitted",
        "Missing cookie and authorization header",
        "No authentication method used",
    ),
    source="frappe#27972",
    remedies=MappingProxyType(
        {
            "nginx": """\
Take care that nothing empties the header: no `proxy_set_header Cookie "";` and no
`proxy_pass_request_headers off;`.
""",
            "ngrok": """\
Use one tunnel for both, to the multiplexer on 8005: with a second tunnel for 9000 the browser never sends `sid`
there.
""",
        }
    ),
    aliases=("RT111",),
)

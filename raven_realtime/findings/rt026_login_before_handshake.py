"""RT026: a login stands before the handshake."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT026",
    title="A login stands before the handshake",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
A forward-auth, basic-auth or single sign-on middleware answers for `/socket.io/`. A page would be sent to a login;
the client library's XHR cannot follow, and fails.
""",
    shows="""\
401, 403 or a redirect to a login page on the handshake.
""",
    remedy="""\
Exempt `/socket.io` from the login: Frappe checks the session itself at CONNECT.
""",
    said=(
        "401",
        "403",
        "302",
    ),
    source="helm#248",
    remedies=MappingProxyType(
        {
            "traefik": """\
Give `/socket.io` a router of its own without the auth middleware, with a priority above the router that has it. If
the entrypoint sets it for all (`entryPoints.websecure.http.middlewares`), move it to the routers that need it.
""",
            "nginx": """\
`auth_basic off; auth_request off;` in the location of `/socket.io/`.
""",
            "cloudflare": """\
In Zero Trust → Access, add a bypass policy for the path `/socket.io/*`; a bot challenge (403 with a page) needs a
WAF exception.
""",
            "ngrok": """\
Remove `oauth`, `basic-auth` or a traffic policy from the endpoint, or exempt the path in the policy.
""",
        }
    ),
)

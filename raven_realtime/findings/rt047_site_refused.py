"""RT047: the whole site is refused."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT047",
    title="The whole site is refused",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
Page and Socket.IO get the same refusal: 429, a limit on requests, or 503, as in maintenance. Nothing of it is about
realtime: whoever refuses stands before both.
""",
    shows="""\
The page itself is an error page, and the handshake answers with the same status.
""",
    remedy="""\
Lift it where it is set: a rate limit or maintenance page of the proxy or CDN, Frappe's own
(`bench --site SITE set-maintenance-mode off`, `rate_limit` in the site's configuration). A limit on requests counts
polling too: one client asks several times a second; exempt `/socket.io/`.
""",
    source="RFC 6585 (429), RFC 9110 (503); frappe.rate_limiter",
    explains=("RT002", "RT037"),
)

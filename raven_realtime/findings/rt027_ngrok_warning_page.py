"""RT027: ngrok's warning page answers."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT027",
    title="ngrok's warning page answers",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
On free plans ngrok shows a page of its own to browsers before the first visit. It answers the request instead of
your server. After a visitor has clicked it away, a cookie lets the page's own requests through; other clients never
get there.
""",
    shows="""\
The handshake brings an HTML page that names `ERR_NGROK_6024`.
""",
    remedy="""\
Visit the page once in each browser and confirm; for API clients send the header `ngrok-skip-browser-warning: 1`; a
paid plan or a custom domain shows no such page.
""",
    said=("ERR_NGROK_6024",),
    source="ngrok#46; ngrok documentation, ERR_NGROK_6024",
    remedies=MappingProxyType(
        {
            "ngrok": """\
Open the public URL in the browser and confirm once, or add the request header `ngrok-skip-browser-warning`; a paid
plan removes the page.
""",
        }
    ),
)

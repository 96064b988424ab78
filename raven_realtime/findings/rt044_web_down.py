"""RT044: Frappe's web does not answer."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT044",
    title="Frappe's web does not answer",
    level=Level.ERROR,
    hop="web",
    meaning="""\
The proxy is asked for Frappe's pages and says that nobody is behind them (502, 503, 504), while Socket.IO is another
process and may well answer. The realtime process asks this web who a user is: without it no session is accepted.
""",
    shows="""\
The site shows the proxy's own error page. The handshake is 200, and every CONNECT ends in `Unauthorized`.
""",
    remedy="""\
Start the web process and read why it ended: `curl -i http://127.0.0.1:8000/api/method/ping` on its machine must say
200. If it does, the proxy asks another port or address for `/`.
""",
    source="frappe realtime/middlewares/authenticate.js (the callback)",
    remedies=MappingProxyType(
        {
            "bench": """\
`sudo supervisorctl status`, and `bench restart`; in development `bench start`. `logs/web.error.log` says why it ended.
""",
            "frappe_docker": """\
`docker compose ps backend`, `docker compose logs --tail 50 backend`, and start it again.
""",
        }
    ),
    explains=("RT012", "RT033", "RT038", "RT042", "RT046"),
)

"""RT016: ports 9000 and 9001 are mixed up."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT016",
    title="Ports 9000 and 9001 are mixed up",
    level=Level.ERROR,
    hop="realtime",
    meaning="""\
The places that name the realtime port disagree. A second bench on a machine gets 9001; `socketio_port` is read by
the server from `sites/common_site_config.json` (or FRAPPE_SOCKETIO_PORT) only, and by the client from the site's
own config too; Raven takes VITE_SOCKET_PORT when it is built. 9000 is the one that holds here.
""",
    shows="""\
Curl on one port answers and on the other does not; the client asks a port that nothing or another bench answers on.
""",
    remedy="""\
Make every place say 9000: `bench set-config -g socketio_port 9000`, remove `socketio_port` from `site_config.json`,
and set up nginx again. `ss -ltnp | grep -E '900[01]'` says who listens.
""",
    said=(
        "9001",
        "socketio_port",
    ),
    source="raven#1918; seed, Corrections Applied",
    remedies=MappingProxyType(
        {
            "bench": """\
`bench set-config -g socketio_port 9000 && bench setup nginx && bench setup supervisor`, then reload both. With two
benches on one machine, the second keeps 9001 in all of its places.
""",
            "frappe_docker": """\
`FRAPPE_SOCKETIO_PORT` and `SOCKETIO_PORT` of the configurator, and `SOCKETIO: websocket:9000` of the frontend, must
agree.
""",
        }
    ),
    explains=("RT002", "RT003"),
)

"""RT028: the tunnel is offline or its quota is spent."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT028",
    title="The tunnel is offline or its quota is spent",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
ngrok's edge answers, and no agent does: the agent is not running, its session was replaced by another one, or a
limit of the plan (requests, bytes, connections a minute) is reached.
""",
    shows="""\
404 with `ERR_NGROK_3200` (endpoint offline), 402, 403 or 429 with another `ERR_NGROK_…` code.
""",
    remedy="""\
See whether the agent runs and what it says: `curl -s http://127.0.0.1:4040/api/tunnels`, and its log. Start it
again (`pulumi up --stack sandbox` does). For limits, the account's dashboard shows the use.
""",
    said=(
        "ERR_NGROK_3200",
        "ERR_NGROK_8012",
        "402",
        "429",
    ),
    source="ngrok documentation, Limits and Error codes",
    remedies=MappingProxyType(
        {
            "ngrok": """\
The code says which it is: 3200 the agent is not connected (start it), 108 another agent of the account is (stop
that one), 725 to 734 a limit of the plan.
""",
        }
    ),
)

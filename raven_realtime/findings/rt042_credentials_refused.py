"""RT042: the credentials are refused."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT042",
    title="The credentials are refused",
    level=Level.ERROR,
    hop="web",
    meaning="""\
The session cookie or API key that the check was given is not accepted by Frappe: expired, logged out, disabled, or
of another site. The path up to here is right.
""",
    shows="""\
`44/site,{"message":"Unauthorized"}`, or the web says that the user is Guest.
""",
    remedy="""\
Log in again and take the new `sid`, or make a new key (User → API Access → Generate Keys), and put it where the
check reads it: RAVEN_REALTIME_SID, or RAVEN_REALTIME_API_KEY and RAVEN_REALTIME_API_SECRET.
""",
    said=(
        "Unauthorized",
        "401",
    ),
    source="frappe realtime/middlewares/authenticate.js",
)

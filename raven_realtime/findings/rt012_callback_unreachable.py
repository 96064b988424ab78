"""RT012: Socket.IO cannot ask the web who the user is."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT012",
    title="Socket.IO cannot ask the web who the user is",
    level=Level.ERROR,
    hop="realtime",
    meaning="""\
On CONNECT the realtime process calls `/api/method/frappe.realtime.get_user_info` at the address in `Origin`: the
public URL, asked from the server itself. That call fails: the name does not resolve there, the certificate is not
trusted by the realtime process, the router does not send the server's own requests back to it (hairpin), developer
mode asks :8000, or the web answers this one question with an error or not at all.
""",
    shows="""\
`44/site,{"message":"Unauthorized: TypeError: fetch failed"}` for every user with a session, and for guests; the
older servers name the error, those on Python say the bare `Unauthorized`.
""",
    remedy="""\
On the machine (in the container) of the realtime process:
`curl -i https://chat.example.com/api/method/frappe.realtime.get_user_info`. Name does not resolve or hairpin: an
entry in its hosts file that points to the proxy. Certificate: let the process trust it, Node and Python each in its
own way. An error of the web: its log has the traceback.
""",
    said=(
        "Unauthorized: TypeError: fetch failed",
        "TypeError: fetch failed",
        "ENOTFOUND",
        "getaddrinfo ENOTFOUND",
        "Unauthorized: FetchError",
        "socket hang up",
        "SELF_SIGNED_CERT_IN_CHAIN",
    ),
    source="frappe#32436",
    remedies=MappingProxyType(
        {
            "node": """\
A private CA: `NODE_EXTRA_CA_CERTS=/path/ca.pem` in the environment of the realtime process.
""",
            "python": """\
A private CA: `SSL_CERT_FILE=/path/ca.pem` (gevent's server: `REQUESTS_CA_BUNDLE`) in the environment of the realtime
process; it does not read NODE_EXTRA_CA_CERTS. Or let it ask the web directly: `webserver_host` and `webserver_port` in
`sites/common_site_config.json`.
""",
            "frappe_docker": """\
`extra_hosts: ["chat.example.com:host-gateway"]` on the websocket service, and a private CA mounted into it.
""",
            "bench": """\
With `developer_mode` the question goes to port 8000 of the site's name: that must resolve on this machine
(`bench --site SITE add-to-hosts`). In production set `developer_mode` to 0.
""",
        }
    ),
    explains=("RT042", "RT046"),
)

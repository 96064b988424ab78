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
trusted by Node, the router does not send the server's own requests back to it (hairpin), or developer mode asks
:8000.
""",
    shows="""\
`44/site,{"message":"Unauthorized: TypeError: fetch failed"}` for every user with a session.
""",
    remedy="""\
On the machine (in the container) of the realtime process:
`curl -i https://chat.example.com/api/method/frappe.realtime.get_user_info`. Name does not resolve or hairpin: an
entry in its hosts file that points to the proxy. Certificate: `NODE_EXTRA_CA_CERTS=/path/ca.pem` in its
environment.
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
            "frappe_docker": """\
`extra_hosts: ["chat.example.com:host-gateway"]` on the websocket service, and `NODE_EXTRA_CA_CERTS` for a private
CA.
""",
            "bench": """\
With `developer_mode` the question goes to port 8000 of the site's name: that must resolve on this machine
(`bench --site SITE add-to-hosts`). In production set `developer_mode` to 0.
""",
        }
    ),
)

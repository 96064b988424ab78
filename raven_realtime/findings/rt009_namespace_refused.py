"""RT009: namespace refused."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT009",
    title="Namespace refused",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
The client connects to the namespace named after its site; Frappe compares that with the site it derives from the
request: `X-Frappe-Site-Name`, else the default site for localhost, else Origin's host, else Host. They differ.
Older Frappe goes on after the refusal and accepts the connection on a namespace where no event ever arrives
(formerly RT010).
""",
    shows="""\
`44/site,{"message":"Invalid namespace"}`, on older Frappe followed by `40`: the page shows "connected" and receives
nothing.
""",
    remedy="""\
Let the proxy set `X-Frappe-Site-Name` to the site's name (the folder in `sites/`) for this host. If only the check
failed: it asked for a site that does not serve this host; without `--site NAME` that is the one named like the host.
""",
    said=("Invalid namespace",),
    source="frappe#33159, frappe_docker#1456; frappe realtime/middlewares/authenticate.js",
    remedies=MappingProxyType(
        {
            "nginx": """\
`proxy_set_header X-Frappe-Site-Name SITE;` in the locations `/` and `/socket.io/`, with the name of the folder in
`sites/`.
""",
            "frappe_docker": """\
`FRAPPE_SITE_NAME_HEADER` of the frontend service: the site's name, or `$host` if sites are named after their hosts.
""",
            "bench": """\
`bench setup nginx` writes the header from the site's `host_name` and its domains:
`bench setup add-domain HOST --site SITE`, then `bench setup nginx` and reload.
""",
        }
    ),
    aliases=("RT010",),
)

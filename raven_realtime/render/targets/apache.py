"""Virtual hosts of Apache httpd before a bench."""

from __future__ import annotations

from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.render.target import Target, fill
from raven_realtime.render.wanted import Wanted

HEAD = """\
# Apache httpd before a bench: web and realtime of {{names}}. Apache 2.4.47 or later.
# Save it as /etc/apache2/sites-available/frappe.conf, then:
#   a2enmod ssl headers proxy proxy_http && a2ensite frappe && apachectl configtest && systemctl reload apache2
"""
HOST = """\
<VirtualHost *:80>
    ServerName {{host}}
    Redirect permanent / https://{{host}}/
</VirtualHost>

<VirtualHost *:443>
    ServerName {{host}}
    SSLEngine on
    SSLCertificateFile {{certificate}}
    SSLCertificateKeyFile {{key}}

    ProxyPreserveHost On
    RequestHeader set X-Forwarded-Proto https
    RequestHeader set X-Frappe-Site-Name {{site}}

    # Browsers leave Origin out of polls of their own page, and Frappe refuses what has none: it is filled in then, and
    # left as it is otherwise, so that a page of somebody else is refused still.
    <Location /socket.io/>
        RequestHeader setifempty Origin https://{{host}}
    </Location>

    # Frappe's realtime process, before the web: the first that fits is taken. A silent WebSocket stays open;
    # Node closes idle connections after 5 s, so they are kept for less.
    ProxyPass /socket.io/ http://{{upstream}}/socket.io/ upgrade=websocket timeout={{timeout}} ttl=4

    # Frappe's web process, which keeps no idle connections
    ProxyPass / http://{{web}}/ disablereuse=on
    ProxyPassReverse / http://{{web}}/
</VirtualHost>
"""


def render(wanted: Wanted) -> str:
    """Return the file: two virtual hosts for each host."""
    hosts = [
        fill(
            HOST,
            host=each.host,
            certificate=wanted.certificate,
            key=wanted.certificate_key,
            site=each.site,
            upstream=wanted.upstream,
            timeout=wanted.timeout,
            web=wanted.web,
        )
        for each in wanted.hosts
    ]
    return "\n".join([fill(HEAD, names=wanted.names), *hosts])


TARGET = Target(
    title="virtual hosts of Apache httpd before a bench: web and realtime, with TLS",
    goes="`/etc/apache2/sites-available/frappe.conf`. `a2ensite frappe`, then reload. Apache 2.4.47 or later.",
    proved="Apache httpd",
    render=render,
    takes=("upstream", "web", "certificate", "certificate_key"),
    defaults={"upstream": f"127.0.0.1:{SOCKETIO_PORT}", "web": f"127.0.0.1:{WEB_PORT}"},
)

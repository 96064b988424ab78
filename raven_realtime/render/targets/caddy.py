"""A Caddyfile before a bench: Caddy gets the certificates by itself."""

from __future__ import annotations

from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.render.target import Target, fill
from raven_realtime.render.wanted import Wanted

SITE = """\
{{host}} {{{tls}}
	handle /socket.io/* {
		# Browsers leave Origin out of polls of their own page, and Frappe refuses what has none: it is filled in
		# then, and left as it is otherwise, so that a page of somebody else is refused still.
		@without_origin header !Origin
		request_header @without_origin Origin https://{{host}}

		# Frappe's realtime process. Caddy passes Host on, and upgrades by itself.
		reverse_proxy {{upstream}} {
			header_up X-Frappe-Site-Name {{site}}
		}
	}

	# Frappe's web process
	handle {
		reverse_proxy {{web}} {
			header_up X-Frappe-Site-Name {{site}}
		}
	}
}
"""
HEAD = """\
# Caddy before a bench: web and realtime of {{names}}.
# Save it as /etc/caddy/Caddyfile, then: caddy validate --config /etc/caddy/Caddyfile && systemctl reload caddy
"""


def render(wanted: Wanted) -> str:
    """Return the Caddyfile: a site for each host."""
    tls = f"\n\ttls {wanted.certificate} {wanted.certificate_key}\n" if wanted.certificate else ""
    sites = [
        fill(SITE, host=each.host, site=each.site, tls=tls, upstream=wanted.upstream, web=wanted.web)
        for each in wanted.hosts
    ]
    return "\n".join([fill(HEAD, names=wanted.names), *sites])


TARGET = Target(
    title="a Caddyfile before a bench: web and realtime; Caddy gets the certificates",
    goes="`/etc/caddy/Caddyfile`. `caddy validate`, then `systemctl reload caddy`. Caddy 2.",
    proved="Caddy, the newest too",
    render=render,
    takes=("upstream", "web", "certificate", "certificate_key"),
    defaults={
        "upstream": f"127.0.0.1:{SOCKETIO_PORT}",
        "web": f"127.0.0.1:{WEB_PORT}",
        "certificate": "",
        "certificate_key": "",
    },
)

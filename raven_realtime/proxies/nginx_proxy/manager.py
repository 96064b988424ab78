"""nginx-proxy-manager: the files of its own that the configuration of each of its hosts includes.

Its hosts are plain nginx configuration (``/data/nginx/proxy_host/N.conf``); to follow one, nginx's evaluator needs the
text of what it includes, and the settings that all of it stands in. Written here in our own words, with the directives
that tell what becomes of a request.

Source: nginx-proxy-manager's documentation, and the files of its image.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.parse import parse_files, parse_text

HOSTS = "/data/nginx/proxy_host/*.conf"
"""Where the hosts' files are in its container."""
MAIN = "nginx.conf"
"""The name of the file that includes them, in what `includes` returns."""

Release = tuple[int, ...]
TAKES_FORWARDED_SCHEME: Release = (2, 14)
"""From this release on an ``X-Forwarded-Proto`` of ``http`` or ``https`` that the client sent is passed on."""

_MARKS = (
    re.compile(r"\binclude\s+(?:/etc/nginx/)?conf\.d/include/(?:proxy|force-ssl|block-exploits|assets)\.conf\s*;"),
    re.compile(r"/letsencrypt/live/npm-\d+/"),
    re.compile(r"/data/nginx/custom/server_"),
)
_VARIABLES = [re.compile(rf"\bset\s+\${name}\s") for name in ("forward_scheme", "server", "port")]

_PROXY = """\
add_header X-Served-By $host;
proxy_set_header Host $host;
proxy_set_header X-Forwarded-Scheme {scheme};
proxy_set_header X-Forwarded-Proto {proto};
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Real-IP $remote_addr;
proxy_pass $forward_scheme://$server:$port$request_uri;
"""
_FORCE_SSL = """\
set $plain "";
if ($scheme = "http") { set $plain "H"; }
if ($request_uri = /.well-known/acme-challenge/test-challenge) { set $plain "${plain}T"; }
if ($plain = H) { return 301 https://$host$request_uri; }
"""
_FORCE_SSL_UNLESS_FORWARDED = """\
set $plain "";
if ($scheme = "http") { set $plain "H"; }
if ($request_uri = /.well-known/acme-challenge/test-challenge) { set $plain "${plain}T"; }
set $handled $trust_forwarded_proto;
if ($http_x_forwarded_proto = "https") { set $handled "${handled}S"; }
if ($http_x_forwarded_scheme = "https") { set $handled "${handled}S"; }
if ($handled ~ "^TS") { set $plain "${plain}S"; }
if ($plain = H) { return 301 https://$host$request_uri; }
"""
_BLOCK_EXPLOITS = """\
if ($query_string ~ "union.*(all.*)?select|concat.*\\(") { return 403; }
if ($query_string ~ "[a-zA-Z0-9_]=(http://|(\\.\\.//?)+|/([a-z0-9_.]//?)+)") { return 403; }
if ($query_string ~ "(<|%3C).*script.*(>|%3E)|proc/self/environ|base64_(en|de)code\\(.*\\)") { return 403; }
if ($query_string ~ "(GLOBALS|_REQUEST)(=|\\[|%[0-9A-Z])|mosConfig_[a-zA-Z_]+(=|%3D)") { return 403; }
if ($http_user_agent ~ "Indy Library|libwww-perl|GetRight|GetWeb!|Go!Zilla|Download Demon|TurnitinBot") { return 403; }
"""
_ASSETS = """\
location ~* \\.(css|js|jpe?g|gif|png|webp|woff|woff2|eot|ttf|svg|ico|css\\.map|js\\.map)$ {
    proxy_connect_timeout 5s;
    proxy_read_timeout 45s;
    include conf.d/include/proxy.conf;
}
"""
_ACME = """\
location ^~ /.well-known/acme-challenge/ { root /data/letsencrypt-acme-challenge; }
location = /.well-known/acme-challenge/ { return 404; }
"""
_MAIN = """\
events {}
http {
    keepalive_timeout 90s;
    proxy_connect_timeout 90s;
    proxy_send_timeout 90s;
    proxy_read_timeout 90s;
    client_max_body_size 2000m;
    proxy_http_version 1.1;
    proxy_set_header X-Forwarded-Scheme $scheme;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header Accept-Encoding "";
    map $host $forward_scheme { default http; }
    map $http_x_forwarded_proto $x_forwarded_proto { http http; https https; default $scheme; }
    map $http_x_forwarded_scheme $x_forwarded_scheme { http http; https https; default $scheme; }
    set_real_ip_from 10.0.0.0/8;
    set_real_ip_from 172.16.0.0/12;
    set_real_ip_from 192.168.0.0/16;
    real_ip_header X-Real-IP;
    real_ip_recursive on;
    server { listen 80; server_name localhost-nginx-proxy-manager; location / { root /var/www/html; } }
    server { listen 443 ssl; server_name localhost; ssl_reject_handshake on; return 444; }
    include HOSTS;
}
""".replace("HOSTS", HOSTS)


def is_npm(text: str) -> bool:
    """Tell by its content whether a text is a host's file that nginx-proxy-manager wrote."""
    return any(mark.search(text) for mark in _MARKS) or all(variable.search(text) for variable in _VARIABLES)


def parse_host(text: str, name: str) -> tuple[Directive, ...]:
    """Return the structure of a host's file as it stands in nginx-proxy-manager's configuration.

    Args:
        text: The file.
        name: What messages and directives call it.

    Raises:
        Unreadable: It is not an nginx configuration.
    """
    parse_text(text, name, check=False)  # what is wrong in it is said with its own name
    texts = dict(includes())
    own = f"{name} (nginx-proxy-manager's own {MAIN})"
    files = {own: texts.pop(MAIN).replace(HOSTS, "THE_HOST"), "THE_HOST": text}
    files |= {f"/etc/nginx/{path}": inner for path, inner in texts.items()} | texts
    tree = parse_files(files, check=False)
    return tuple(_named(each, name) for each in tree if each.name == "http")


def _named(directive: Directive, name: str) -> Directive:
    """Give the host's directives the file's name, and leave out the servers that every installation has."""
    file = name if directive.file == "THE_HOST" else directive.file
    if directive.block is None:
        return replace(directive, file=file)
    kept = (each for each in directive.block if each.name != "server" or each.file == "THE_HOST")
    return replace(directive, file=file, block=tuple(_named(each, name) for each in kept))


def includes(release: Release | None = None) -> Mapping[str, str]:
    """Return the texts that a host's file includes, by the path that stands in the directive.

    The host's file is right without anything around it for releases before 2.14 (and where the release is not known).
    Under ``nginx.conf`` is the file around it, which includes `HOSTS`: timeouts of 90 s and HTTP/1.1 to the server come
    from there, and the variables that the includes of later releases use.

    Args:
        release: nginx-proxy-manager's release, as in ``(2, 13, 7)``.
    """
    is_newer = release is not None and release >= TAKES_FORWARDED_SCHEME
    scheme, proto = ("$x_forwarded_scheme", "$x_forwarded_proto") if is_newer else ("$scheme", "$scheme")
    texts = {
        "proxy": _PROXY.format(scheme=scheme, proto=proto),
        "force-ssl": _FORCE_SSL_UNLESS_FORWARDED if is_newer else _FORCE_SSL,
        "block-exploits": _BLOCK_EXPLOITS,
        "assets": _ASSETS,
        "letsencrypt-acme-challenge": _ACME,
        "ssl-cache": "ssl_session_timeout 5m;\n",
        "ssl-ciphers": "ssl_protocols TLSv1.2 TLSv1.3;\n",
    }
    return {MAIN: _MAIN} | {f"conf.d/include/{name}.conf": text for name, text in texts.items()}

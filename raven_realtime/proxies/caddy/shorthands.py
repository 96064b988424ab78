"""Short placeholders, which a Caddyfile may use (https://caddyserver.com/docs/caddyfile/concepts#placeholders)."""

from __future__ import annotations

import re
from dataclasses import replace

from raven_realtime.proxies.caddy.tree import Directive

_SHORT = {
    "dir": "http.request.uri.path.dir",
    "file": "http.request.uri.path.file",
    "host": "http.request.host",
    "hostport": "http.request.hostport",
    "port": "http.request.port",
    "orig_method": "http.request.orig_method",
    "orig_uri": "http.request.orig_uri",
    "orig_path": "http.request.orig_uri.path",
    "orig_dir": "http.request.orig_uri.path.dir",
    "orig_file": "http.request.orig_uri.path.file",
    "orig_query": "http.request.orig_uri.query",
    "orig_?query": "http.request.orig_uri.prefixed_query",
    "method": "http.request.method",
    "path": "http.request.uri.path",
    "query": "http.request.uri.query",
    "?query": "http.request.uri.prefixed_query",
    "remote": "http.request.remote",
    "remote_host": "http.request.remote.host",
    "remote_port": "http.request.remote.port",
    "scheme": "http.request.scheme",
    "uri": "http.request.uri",
    "uuid": "http.request.uuid",
    "tls_cipher": "http.request.tls.cipher_suite",
    "tls_version": "http.request.tls.version",
    "tls_client_fingerprint": "http.request.tls.client.fingerprint",
    "tls_client_issuer": "http.request.tls.client.issuer",
    "tls_client_serial": "http.request.tls.client.serial",
    "tls_client_subject": "http.request.tls.client.subject",
    "upstream_hostport": "http.reverse_proxy.upstream.hostport",
    "client_ip": "http.vars.client_ip",
}
_FAMILIES = {
    "header": "http.request.header",
    "cookie": "http.request.cookie",
    "labels": "http.request.host.labels",
    "path": "http.request.uri.path",
    "file": "http.request.uri.path.file",
    "query": "http.request.uri.query",
    "re": "http.regexp",
    "vars": "http.vars",
    "rp": "http.reverse_proxy",
    "err": "http.error",
    "file_match": "http.matchers.file",
}
_PLACEHOLDER = re.compile(r"\{([a-z_?]+)(\.[\w.\-]*)?\}")


def spelled_out(text: str) -> str:
    """Return a text with the full names of its placeholders."""

    def full(found: re.Match[str]) -> str:
        name, rest = found[1], found[2]
        if rest is None:
            return f"{{{_SHORT[name]}}}" if name in _SHORT else found[0]
        return f"{{{_FAMILIES[name]}{rest}}}" if name in _FAMILIES else found[0]

    return _PLACEHOLDER.sub(full, text) if "{" in text else text


def in_block(lines: tuple[Directive, ...]) -> tuple[Directive, ...]:
    """Return directives with the full names of their placeholders."""
    return tuple(
        replace(
            line,
            tokens=tuple(replace(token, text=spelled_out(token.text)) for token in line.tokens),
            block=None if line.block is None else in_block(line.block),
        )
        for line in lines
    )

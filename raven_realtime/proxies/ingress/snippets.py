"""nginx directives that an annotation puts into the controller's configuration.

https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#configuration-snippet and
https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/advanced-configuration-with-snippets/
"""

from __future__ import annotations

import re

from raven_realtime.proxies.ingress.objects import Text
from raven_realtime.proxies.interface import Request
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

_HARMLESS = re.compile(
    r"(?:add_header|more_set_headers|more_clear_headers|proxy_hide_header|proxy_pass_header|client_\w+|gzip\w*|"
    r"access_log|error_log|proxy_buffer\w*|proxy_busy_buffers_size|proxy_request_buffering|proxy_max_temp_file_size|"
    r"proxy_connect_timeout|proxy_send_timeout|send_timeout|keepalive_\w+|proxy_cookie_\w+|proxy_redirect|"
    r"proxy_ssl_\w+|ssl_\w+|limit_\w+|expires|sub_filter\w*|server_tokens|large_client_header_buffers|"
    r"tcp_nodelay|chunked_transfer_encoding|underscores_in_headers|modsecurity\w*|opentracing\w*|opentelemetry\w*|"
    r"proxy_next_upstream\w*|proxy_cache_bypass|proxy_no_cache|proxy_set_body|set_real_ip_from|real_ip_\w+|charset)\Z"
)
"""Directives that change nothing of what the server gets and of how long one waits for it."""
_SOMETHING = re.compile(r"\S+")
_DIRECTIVE = re.compile(
    r"""\s*(?:\#[^\n]*\n?|([\w.]+)((?:\s+(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s;{}"']+))*)\s*;)"""
)
_WORD = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\S+)""")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "ms": 0.001, "w": 604800.0}


@record
class Directive:
    """A simple directive."""

    name: str
    words: tuple[str, ...]
    location: Location


@record
class Snippet:
    """What a snippet does."""

    headers: tuple[Directive, ...] = ()
    """``proxy_set_header`` (two words) and ``more_set_input_headers`` (one word ``Name: value`` each)."""
    read_timeout: Directive | None = None
    unclear: Directive | None = None
    """The first thing that is not followed here."""


def read(snippet: Text) -> Snippet:
    """Read a snippet; blocks (``if``, ``location``) and directives that are not known here are not followed."""
    headers: list[Directive] = []
    timeout: Directive | None = None
    position = lines = 0
    several = "\n" in snippet.value
    while something := _SOMETHING.search(snippet.value, position):
        start = something.start()
        lines += snippet.value.count("\n", position, start)
        line = snippet.location.line
        # a text of several lines begins below its annotation
        place = Location(snippet.location.path, line + 1 + lines) if several and line is not None else snippet.location
        found = _DIRECTIVE.match(snippet.value, start)
        if found is None:
            return Snippet(tuple(headers), timeout, Directive(something[0][:40], (), place))
        lines += snippet.value.count("\n", start, found.end())
        position = found.end()
        if not found[1]:
            continue
        words = tuple(next(filter(None, word), "") for word in _WORD.findall(found[2]))
        directive = Directive(found[1], words, place)
        if found[1] == "proxy_set_header" and len(words) == 2:
            headers.append(directive)
        elif found[1] == "more_set_input_headers":
            headers += [Directive(found[1], (word,), place) for word in words]
        elif found[1] == "proxy_read_timeout" and len(words) == 1 and seconds(words[0]) is not None:
            timeout = directive
        elif not _HARMLESS.match(found[1]) and not (found[1] == "proxy_http_version" and words == ("1.1",)):
            return Snippet(tuple(headers), timeout, directive)
    return Snippet(tuple(headers), timeout)


def seconds(text: str) -> float | None:
    """Return nginx's measure of time in seconds; None where it is malformed.

    https://nginx.org/en/docs/syntax.html
    """
    found = re.fullmatch(r"(\d{1,9})(ms|[smhdw]?)", text.strip())
    return float(found[1]) * _SECONDS[found[2]] if found else None


def expanded(text: str, request: Request, known: dict[str, str]) -> str | None:
    """Put in a text's variables; None where one is not known.

    Args:
        text: With ``$name`` or ``${name}``.
        request: As it came, for ``$http_…`` and the like.
        known: Variables whose value the controller's own configuration gives.
    """
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        name = found[1]
        if name in known:
            return known[name]
        if name == "http_host":
            return request.host
        if name.startswith("http_"):
            return request.value(name[5:].replace("_", "-"))
        missing = True
        return ""

    result = _VARIABLE.sub(value, text)
    return None if missing else result

"""Changes of a request's method and URI (https://caddyserver.com/docs/json/apps/http/servers/routes/handle/rewrite/)."""

from __future__ import annotations

import re
from functools import partial
from urllib.parse import unquote

from raven_realtime.proxies.caddy.exchange import Exchange
from raven_realtime.proxies.caddy.regex import substitute
from raven_realtime.proxies.caddy.unknown import NotKnown
from raven_realtime.proxies.caddy.urls import clean, escape_query, unescape
from raven_realtime.proxies.caddy.versions import ENCODED_REWRITES, FILLED_ONCE, SLASH_BEFORE_PREFIX
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

_URI, _PATH = "{http.request.uri}", "{http.request.uri.path}"


@record
class Substitution:
    """Part of a URI and what takes its place."""

    find: str
    replace: str
    limit: int = 0


@record
class Rewrite:
    """What becomes of method and URI."""

    location: Location
    method: str = ""
    uri: str = ""
    strip_prefix: str = ""
    strip_suffix: str = ""
    substrings: tuple[Substitution, ...] = ()
    regexps: tuple[Substitution, ...] = ()
    unfollowed: str = ""
    """What else is in it that is not followed here."""

    responds = False

    def handle(self, exchange: Exchange) -> None:
        """Rewrite the request."""
        try:
            self.apply(exchange)
        except NotKnown as unknown:
            raise NotKnown(unknown.why, unknown.location or self.location) from unknown

    def apply(self, exchange: Exchange) -> None:
        """Rewrite the request.

        Raises:
            NotKnown: that depends on what is only known while Caddy runs.
        """
        if self.unfollowed:
            raise NotKnown(f"{self.unfollowed} is not followed", self.location)
        if self.method:
            exchange.method = exchange.fill(self.method).upper()
        if self.uri:
            self._set(exchange)
        if self.strip_prefix:
            prefix = exchange.fill(self.strip_prefix)
            if exchange.version >= SLASH_BEFORE_PREFIX and not prefix.startswith("/"):
                prefix = "/" + prefix
            exchange.url.change_path(lambda path: without_prefix(clean(path, merge_slashes="//" not in prefix), prefix))
        if self.strip_suffix:
            suffix = exchange.fill(self.strip_suffix)
            exchange.url.change_path(
                lambda path: without_prefix(clean(path, merge_slashes="//" not in suffix)[::-1], suffix[::-1])[::-1]
            )
        for part in self.substrings:
            _substitute(part, exchange)
        for part in self.regexps:
            template = exchange.fill(part.replace)
            exchange.url.change_path(partial(substitute, part.find, template))

    def _set(self, exchange: Exchange) -> None:
        """Set path and query, each only if it is given."""
        rest = self.uri.partition("#")[0]
        path, question_mark, query = rest.partition("?")
        given = bool(question_mark)
        target = exchange.url
        new = ""
        if path:
            new, separator, injected = exchange.fill(_with_path(path, exchange)).partition("?")
            if separator and not query:
                query, given = injected, True
                if exchange.version >= FILLED_ONCE:
                    query = query.replace("{", "%7B").replace("}", "%7D")
        new_query = build_query(query, exchange) if query else ""
        if path:
            decoded = unescape(new) if exchange.version >= ENCODED_REWRITES else None
            target.path = new if decoded is None else decoded
        if given:
            target.query = new_query


def _with_path(text: str, exchange: Exchange) -> str:
    """Put the path in where its placeholder stands, in the form that a target of a rewrite takes it in."""
    url = exchange.url
    if exchange.version >= ENCODED_REWRITES:
        return text.replace(_PATH, url.escaped)
    whole = url.path + ("?" + url.query if url.query else "")
    return text.replace(_URI, whole.replace("{", "\\{"))


def _substitute(part: Substitution, exchange: Exchange) -> None:
    find, replacement = exchange.fill(part.find), exchange.fill(part.replace)
    if not find:
        return
    limit = part.limit if part.limit > 0 else -1
    merge = "//" not in part.find
    exchange.url.change_path(lambda path: clean(path, merge_slashes=merge).replace(find, replacement, limit))
    exchange.url.query = exchange.url.query.replace(find, replacement, limit)


def without_prefix(path: str, prefix: str) -> str:
    """Take a prefix off an encoded path: an escape equals its character, unless the prefix has an escape there too."""
    position = 0
    for wanted in prefix:
        if position >= len(path):
            return path
        has, width = path[position], 1
        if has == "%" and wanted != "%" and re.match("%[0-9A-Fa-f]{2}", path[position:]):
            has, width = unquote(path[position : position + 3], errors="surrogateescape"), 3
        if has.lower() != wanted.lower():
            return path
        position += width
    return path[position:]


def build_query(text: str, exchange: Exchange) -> str:
    """Fill the placeholders of a query; each value is encoded, but a whole query is put in as it is."""
    built = ""
    is_key = True
    for component, delimiter in re.findall(r"([^=&]*)([=&]|$)", text):
        if is_key and component == "{http.request.uri.query}":
            filled = exchange.url.query
        else:
            filled = exchange.fill(component, encode=escape_query)
        if is_key:
            built += ("&" if built and filled else "") + filled
        else:
            built += "=" + filled
        is_key = delimiter != "="
        if not delimiter:
            break
    return built

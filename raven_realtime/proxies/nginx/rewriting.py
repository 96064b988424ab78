"""nginx's rewrite module: ``set``, ``if``, ``rewrite``, ``return`` and ``break``, in the order of the file."""

from __future__ import annotations

from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.escaping import ESCAPED_IN_ARGS, escape, unescape_redirect
from raven_realtime.proxies.nginx.exchange import Exchange
from raven_realtime.proxies.nginx.regex import Undecided, search
from raven_realtime.proxies.nginx.variables import expand, lookup, split_text
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ABSOLUTE = ("http://", "https://", "$scheme")


@record
class Verdict:
    """nginx itself answers."""

    status: int
    directive: Directive | None = None
    location: str | None = None
    body: str | None = None
    """The text that ``return`` gives; then no error_page applies."""


class _Stop(Exception):  # noqa: N818 (control flow, as nginx's own exit code)
    """No more directives of this kind are run."""


def run(block: Directive, exchange: Exchange) -> Verdict | None:
    """Run the rewrite directives of a server or location.

    Returns:
        nginx's own answer, or None if the request goes on; ``exchange`` then holds what has changed.

    Raises:
        Undecided: what decides is not known before nginx runs.
    """
    try:
        return _all(block, exchange)
    except _Stop:
        return None


def _all(block: Directive, exchange: Exchange) -> Verdict | None:
    for directive in block.children("set", "if", "rewrite", "return", "break"):
        verdict = _one(directive, exchange)
        if verdict:
            return verdict
    return None


def _one(directive: Directive, exchange: Exchange) -> Verdict | None:
    if directive.name == "set":
        _set(directive, exchange)
    elif directive.name == "return":
        return _return(directive, exchange)
    elif directive.name == "rewrite":
        return _rewrite(directive, exchange)
    elif directive.name == "break":
        if exchange.uri_changed:
            exchange.valid_location = exchange.uri_changed = False
        raise _Stop
    elif holds(directive, exchange):
        _enter(directive, exchange)
        return _all(directive, exchange)
    return None


def _enter(directive: Directive, exchange: Exchange) -> None:
    """In a location, what an ``if`` holds comes into force, instead of what an earlier ``if`` held."""
    if not exchange.location:
        return
    last = exchange.levels[-1]
    if last.name == "if" and any(True for _ in last.children("proxy_pass")):
        raise Undecided(f"two ifs are true, and the first, at {last.place}, passes the request on")
    exchange.levels = (*(level for level in exchange.levels if level.name != "if"), directive)


def _set(directive: Directive, exchange: Exchange) -> None:
    name, text = directive.args[:2]
    value: str | Undecided
    try:
        value = expand(text, exchange)
    except Undecided as unknown:
        value = unknown
    if name == "$args":
        if isinstance(value, Undecided):
            raise value
        exchange.args = value
    else:
        exchange.variables[name] = value


def _return(directive: Directive, exchange: Exchange) -> Verdict:
    first, *rest = directive.args
    if not first.isdigit():
        return Verdict(302, directive, expand(first, exchange))
    status = int(first)
    if not rest:
        return Verdict(status, directive)
    try:
        text = expand(rest[0], exchange)
    except Undecided:
        if status in REDIRECTS:
            raise
        text = rest[0]
    if status in REDIRECTS:
        return Verdict(status, directive, text)
    return Verdict(status, directive, body=text)


def holds(directive: Directive, exchange: Exchange) -> bool:
    """Tell whether the condition of an ``if`` is true. Files are assumed not to exist.

    Raises:
        Undecided: it cannot be told.
    """
    words = _without_parentheses(directive)
    if words[0].lstrip("!") in ("-f", "-d", "-e", "-x"):
        exchange.assumed.append(f"{words[-1]} ({directive.place}) does not exist")
        return words[0].startswith("!")
    value = lookup("$" + words[0].removeprefix("$").strip("{}"), exchange)
    if len(words) == 1:
        return value not in ("", "0")
    operator = words[1]
    asked = words[2] if len(words) > 2 else ""
    if operator in ("=", "!="):
        return (value == expand(asked, exchange)) == (operator == "=")
    match = search(asked, value, ignore_case=operator.endswith("*"))
    exchange.remember(match)
    if match is None:  # and so does nginx: ngx_http_script_regex_start_code
        exchange.captures = ()
    return (match is not None) != operator.startswith("!")


def _without_parentheses(directive: Directive) -> list[str]:
    """Return the words of a condition.

    Raises:
        Unreadable: there is no condition between parentheses.
    """
    words = list(directive.args)
    if len(words) < 2 and words != [f"({words[0][1:-1]})"]:
        raise Unreadable(f"{directive.place}: {directive} has no condition in parentheses.")
    words = words[1:] if words[0] == "(" else [words[0].removeprefix("("), *words[1:]]
    words = words[:-1] if words[-1] == ")" else [*words[:-1], words[-1].removesuffix(")")]
    if not words or not words[0]:
        raise Unreadable(f"{directive.place}: {directive} has no condition in parentheses.")
    return words


def _rewrite(directive: Directive, exchange: Exchange) -> Verdict | None:
    """ngx_http_script_regex_start_code and what follows."""
    pattern, replacement, *flags = directive.args
    flag = flags[0] if flags else ""
    match = search(pattern, exchange.uri)
    if match is None:
        exchange.captures = ()
        return None
    exchange.remember(match)
    redirects = flag in ("redirect", "permanent") or replacement.startswith(_ABSOLUTE)
    appends = not replacement.endswith("?")
    path, args = _filled(replacement.removesuffix("?"), exchange, redirects=redirects)
    if redirects:
        location = unescape_redirect(path)
        if appends and exchange.args:
            location += ("&" if "?" in replacement.removesuffix("?") else "?") + exchange.args
        return Verdict(301 if flag == "permanent" else 302, directive, location)
    exchange.internal, exchange.valid_unparsed_uri = True, False
    if flag == "break":
        exchange.valid_location = exchange.uri_changed = False
    else:
        exchange.uri_changed = True
    if args is not None:
        exchange.args = f"{args}&{exchange.args}" if appends and exchange.args else args
    elif not appends:
        exchange.args = ""
    if not path:
        return Verdict(500, directive)
    exchange.uri = path
    if flag in ("last", "break"):
        raise _Stop
    return None


def _filled(replacement: str, exchange: Exchange, *, redirects: bool) -> tuple[str, str | None]:
    """Return the new path, and the new arguments if the replacement has any; a redirect's are part of its path."""
    done, args_at = "", -1
    for piece in split_text(replacement):
        if piece.startswith("$") and len(piece) > 1:
            value = lookup(piece, exchange)
            escaped = (redirects or args_at >= 0) and (exchange.quoted_uri or exchange.plus_in_uri)
            done += escape(value, ESCAPED_IN_ARGS) if escaped and piece[1:].isdigit() else value
            continue
        for number, part in enumerate(piece.split("?")):
            if number and redirects:
                done += "?"
            elif number:
                args_at = len(done)
            done += part
    return (done, None) if args_at < 0 else (done[:args_at], done[args_at:])

"""A Caddyfile's directives as routes and handlers (https://caddyserver.com/docs/caddyfile/directives)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from raven_realtime.proxies.caddy.headers import Changes, canonical, operation
from raven_realtime.proxies.caddy.matcher_syntax import Definitions, definitions, of
from raven_realtime.proxies.caddy.matchers import Matcher
from raven_realtime.proxies.caddy.order import DIRECTIVES, Ordered, grouped, in_their_order
from raven_realtime.proxies.caddy.proxy_syntax import forward_auth, reverse_proxy
from raven_realtime.proxies.caddy.proxying import Transport
from raven_realtime.proxies.caddy.responding import (
    FileServer,
    HeaderChanges,
    Invoked,
    Mapped,
    Passive,
    Password,
    StaticResponse,
    Unfollowed,
    Variables,
)
from raven_realtime.proxies.caddy.rewriting import Rewrite, Substitution
from raven_realtime.proxies.caddy.routes import Handler, Route, Subroute
from raven_realtime.proxies.caddy.tree import Directive
from raven_realtime.proxies.caddy.versions import GROUPS_IN_ROUTE

OF_THE_SITE = {"bind", "tls", "log", "handle_errors", "acme_dns", "ech"}
"""Directives that are about the site and no request, or about errors only."""
_PASSIVE = {
    "acme_server",  # it answers under /acme/ only
    "copy_response",
    "copy_response_headers",
    "encode",
    "fs",
    "intercept",
    "log_append",
    "log_name",
    "log_skip",
    "push",
    "request_body",
    "skip_log",
    "templates",
    "timeouts",
    "tracing",
}
KNOWN = {*DIRECTIVES, *OF_THE_SITE}
"""Every directive of Caddy 2."""


@dataclass
class Builder:
    """Makes routes of directives."""

    version: tuple[int, ...]
    order: Sequence[str] = DIRECTIVES
    named: dict[str, tuple[Route, ...]] = field(default_factory=dict)
    """Named routes, by name."""
    _groups: int = 0

    def block(self, lines: tuple[Directive, ...], known: Definitions, *, in_order: bool = False) -> tuple[Route, ...]:
        """Return the routes of a block.

        Args:
            lines: its directives.
            known: the named matchers around it.
            in_order: whether its directives keep the order of the file.
        """
        inner = definitions(lines, known)
        made = [
            each
            for line in lines
            if not line.name.startswith("@") and line.name not in OF_THE_SITE
            for each in self._directive(line, inner)
        ]
        if not in_order:
            made = in_their_order(made, self.order, self.version)
        elif self.version < GROUPS_IN_ROUTE:
            return tuple(route for each in made for route in each.routes)
        return grouped(made, self._group)

    def _group(self) -> str:
        self._groups += 1
        return f"group{self._groups}"

    def _directive(self, line: Directive, known: Definitions) -> list[Ordered]:
        name = line.name
        if name == "try_files":
            return self._try_files(line)
        matchers, rest = of(line, known)
        if name in ("root", "rewrite") and len(line.arguments) == 1:
            matchers, rest = (), line  # a path alone is no matcher, but where to go
        if name in ("handle", "handle_path"):
            return [Ordered("handle", (Route(matchers, self._handled(line, rest, known), line.location),))]
        if name == "php_fastcgi":
            return [self._php(matchers, rest, known)]
        return [Ordered(name, (Route(matchers, tuple(self._handlers(rest, known)), line.location),))]

    def _handled(self, line: Directive, rest: Directive, known: Definitions) -> tuple[Handler, ...]:
        inner = Subroute(self.block(rest.lines, known), line.location)
        if line.name == "handle" or not line.arguments:
            return (inner,)
        prefix = line.arguments[0].removesuffix("*")
        prefix = prefix.removesuffix("/") if line.arguments[0].endswith("/*") else prefix
        return (
            Subroute(
                (
                    Route((), (Rewrite(line.location, strip_prefix=prefix),), line.location),
                    *inner.routes,
                ),
                line.location,
            ),
        )

    def _handlers(self, line: Directive, known: Definitions) -> list[Handler]:
        location = line.location
        if line.name == "route":
            return [Subroute(self.block(line.lines, known, in_order=True), location)]
        if line.name == "reverse_proxy":
            return [reverse_proxy(line, self._inner(known))]
        if line.name == "forward_auth":
            return [forward_auth(line, self._inner(known))]
        if line.name == "invoke":
            return [Invoked(location, " ".join(line.arguments), self.named)]
        if line.name in _PASSIVE:
            return [Passive(location)]
        if line.name in _SIMPLE:
            return [_SIMPLE[line.name](line)]
        if line.name == "import":
            why = f"the file {' '.join(line.arguments[:1])} is imported, and is not at hand"
            return [Unfollowed(location, why)]
        return [Unfollowed(location, f"the directive {line.name} is none of Caddy's own")]

    def _inner(self, known: Definitions) -> Callable[[Directive], tuple[Route, ...]]:
        return lambda line: self.block(line.lines, known)

    def _try_files(self, line: Directive) -> list[Ordered]:
        """Rewrite to the first file that exists; one with a query is a rewrite of its own."""
        runs: list[tuple[list[str], str]] = []
        for name in line.arguments:
            path, mark, query = name.partition("?")
            if mark:
                runs.append(([path], mark + query))
            elif runs and not runs[-1][1]:
                runs[-1][0].append(path)
            else:
                runs.append(([path], ""))
        group = self._group() if len(runs) > 1 else ""
        return [
            Ordered(
                "try_files",
                (
                    Route(
                        ((Matcher("file", {"try_files": tuple(names)}, line.location),),),
                        (Rewrite(line.location, uri="{http.matchers.file.relative}" + query),),
                        line.location,
                        group,
                    ),
                ),
            )
            for names, query in runs
        ]

    def _php(self, matchers: tuple[tuple[Matcher, ...], ...], line: Directive, known: Definitions) -> Ordered:
        """Return what php_fastcgi stands for: a rewrite to the index file, and a proxy for what ends in .php."""
        location = line.location
        own = {each.name: each.arguments for each in line.lines if each.name in ("index", "split", "try_files")}
        index = "".join(own.get("index", ("index.php",))[:1])
        tried = own.get("try_files") or ("{http.request.uri.path}", f"{{http.request.uri.path}}/{index}", index)
        rest = replace(line, block=tuple(each for each in line.lines if each.name not in own))
        proxy = replace(reverse_proxy(rest, self._inner(known)), transport=Transport("fastcgi"))
        to_file = Route(
            ((Matcher("file", {"try_files": tried}, location),),),
            (Rewrite(location, uri="{http.matchers.file.relative}"),),
            location,
        )
        endings = tuple(f"*{ending}" for ending in own.get("split", (".php",)))
        to_php = Route(((Matcher("path", endings, location),),), (proxy,), location)
        routes = (to_php,) if index == "off" else (to_file, to_php)
        if not matchers:
            return Ordered("php_fastcgi", routes, literal=True)
        return Ordered("php_fastcgi", (Route(matchers, (Subroute(routes, location),), location),))


def _word(line: Directive, index: int) -> str:
    return line.arguments[index] if index < len(line.arguments) else ""


def _redir(line: Directive) -> Handler:
    code = {"": "302", "temporary": "302", "permanent": "301", "html": "200"}.get(_word(line, 1), _word(line, 1))
    return StaticResponse(line.location, code, "" if code == "200" else _word(line, 0), why="a page that redirects")


def _respond(line: Directive) -> Handler:
    words = line.arguments
    bodies = [each.arguments[0] for each in line.lines if each.name == "body" and each.arguments]
    if len(words) == 1 and re.fullmatch(r"\d{3}", words[0]):
        return StaticResponse(line.location, words[0], body="".join(bodies))
    return StaticResponse(line.location, _word(line, 1), body="".join(words[:1] or bodies))


def _error(line: Directive) -> Handler:
    words = line.arguments
    status = words[0] if len(words) == 1 and re.fullmatch(r"\d{3}", words[0]) else _word(line, 1)
    return StaticResponse(line.location, status or "500", why="an error")


def _abort(line: Directive) -> Handler:
    return StaticResponse(line.location, abort=True)


def _metrics(line: Directive) -> Handler:
    return StaticResponse(line.location, "200", why="Caddy's metrics")


def _rewrite(line: Directive) -> Handler:
    return Rewrite(line.location, uri=_word(line, 0))


def _method(line: Directive) -> Handler:
    return Rewrite(line.location, method=_word(line, 0))


def _uri(line: Directive) -> Handler:
    location, first = line.location, _word(line, 1)
    match _word(line, 0):
        case "strip_prefix":
            return Rewrite(location, strip_prefix=first if first.startswith(("/", "{")) else "/" + first)
        case "strip_suffix":
            return Rewrite(location, strip_suffix=first)
        case "replace":
            limit = int(_word(line, 3)) if re.fullmatch(r"\d{1,9}", _word(line, 3)) else 0
            return Rewrite(location, substrings=(Substitution(first, _word(line, 2), limit),))
        case "path_regexp":
            return Rewrite(location, regexps=(Substitution(first, _word(line, 2)),))
    return Rewrite(location, unfollowed=f"uri {_word(line, 0)}")


def _root(line: Directive) -> Handler:
    return Variables(line.location, (("root", _word(line, 0)),))


def _vars(line: Directive) -> Handler:
    pairs = [(line.arguments[0], _word(line, 1))] if line.arguments else []
    return Variables(line.location, tuple(pairs + [(each.name, _word(each, 0)) for each in line.lines]))


def _map(line: Directive) -> Handler:
    return Mapped(line.location, tuple(name.strip("{}") for name in line.arguments[1:]))


def _request_header(line: Directive) -> Handler:
    return HeaderChanges(line.location, _operation(line.arguments))


def _operation(words: tuple[str, ...]) -> Changes:
    name, value, replacement = (*words, "", "", "")[:3]
    return operation(name.removesuffix(":"), value, replacement)


def _header(line: Directive) -> Handler:
    """Keep of the answer's headers only Location, which a redirect may be made of."""
    lines = [line.arguments] if line.arguments else [(each.name, *each.arguments) for each in line.lines]
    deferred = any(words[0] == "defer" or words[0].startswith("-") for words in lines)
    to = [words[1] for words in lines if len(words) == 2 and canonical(words[0]) == "Location"]
    return HeaderChanges(line.location, answer_location="" if deferred else "".join(to[-1:]))


def _password(line: Directive) -> Handler:
    return Password(line.location)


def _file_server(line: Directive) -> Handler:
    roots = ["".join(each.arguments[:1]) for each in line.lines if each.name == "root"]
    names = {each.name for each in line.lines}
    browse = "browse" in names or "browse" in line.arguments
    return FileServer(line.location, "".join(roots[-1:]), "pass_thru" in names, browse)


_SIMPLE: Mapping[str, Callable[[Directive], Handler]] = {
    "redir": _redir,
    "respond": _respond,
    "error": _error,
    "abort": _abort,
    "metrics": _metrics,
    "rewrite": _rewrite,
    "method": _method,
    "uri": _uri,
    "root": _root,
    "vars": _vars,
    "map": _map,
    "header": _header,
    "request_header": _request_header,
    "basicauth": _password,
    "basic_auth": _password,
    "file_server": _file_server,
}

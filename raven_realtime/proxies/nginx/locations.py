"""Which location gets a URI: nginx's static tree, nested locations, regular expressions in the order of the file."""

from __future__ import annotations

from enum import Enum
from functools import cached_property

from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.escaping import wire
from raven_realtime.proxies.nginx.regex import Match, search
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable

MODIFIERS = ("=", "^~", "~", "~*")
PASSES = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")


class Kind(Enum):
    """How a location is compared."""

    EXACT = "="
    PREFIX = ""
    PREFIX_NO_REGEX = "^~"
    REGEX = "~"
    REGEX_IGNORING_CASE = "~*"
    NAMED = "@"


@record(eq=False)
class Location:
    """One ``location`` block."""

    directive: Directive

    @cached_property
    def _parts(self) -> tuple[Kind, str]:
        args = self.directive.args
        if len(args) > 1:
            if args[0] not in MODIFIERS:
                where, known = self.directive.place, ", ".join(MODIFIERS)
                raise Unreadable(f"{where}: {args[0]!r} is no way to compare a location. Accepted: {known}.")
            return Kind(args[0]), wire(args[1])
        text = wire(args[0]) if args else ""
        for kind in (Kind.EXACT, Kind.PREFIX_NO_REGEX, Kind.REGEX_IGNORING_CASE, Kind.REGEX):
            if text.startswith(kind.value):
                return kind, text.removeprefix(kind.value)
        return (Kind.NAMED if text.startswith("@") else Kind.PREFIX), text

    @property
    def kind(self) -> Kind:
        """How it is compared."""
        return self._parts[0]

    @property
    def name(self) -> str:
        """The path, regular expression or ``@name``."""
        return self._parts[1]

    @property
    def is_regex(self) -> bool:
        """Whether a regular expression decides."""
        return self.kind in (Kind.REGEX, Kind.REGEX_IGNORING_CASE)

    @cached_property
    def adds_slash(self) -> bool:
        """Whether a request for the name without its last slash is redirected: prefix that is passed on."""
        return self.name.endswith("/") and any(True for _ in self.directive.children(*PASSES))

    @cached_property
    def inner(self) -> Locations:
        """The locations inside this one."""
        return Locations.of(self.directive)


@record
class Found:
    """What was found for a URI."""

    path: tuple[Location, ...]
    """From the outermost to the innermost location; empty if none matched and the server itself answers."""
    redirect: bool = False
    """The answer is a 301 to the innermost location's name: the same with a slash at the end."""
    match: Match | None = None
    final: bool = False


@record(eq=False)
class Locations:
    """The locations directly inside one block."""

    all: tuple[Location, ...]

    @classmethod
    def of(cls, block: Directive) -> Locations:
        """Collect the locations of a server or location block."""
        return cls(tuple(map(Location, block.children("location"))))

    @cached_property
    def _exact(self) -> dict[str, Location]:
        return {each.name: each for each in self.all if each.kind is Kind.EXACT}

    @cached_property
    def _prefixes(self) -> list[Location]:
        prefixes = [each for each in self.all if each.kind in (Kind.PREFIX, Kind.PREFIX_NO_REGEX)]
        return sorted(prefixes, key=lambda each: -len(each.name))

    @cached_property
    def _regexes(self) -> list[Location]:
        return [each for each in self.all if each.is_regex]

    def named(self, name: str) -> Location | None:
        """Return the location ``@name``."""
        return next((each for each in self.all if each.kind is Kind.NAMED and each.name == name), None)

    def find(self, uri: str) -> Found:
        """Find the location of a normalized URI (ngx_http_core_find_location).

        Raises:
            Undecided: a regular expression that only PCRE can judge decides.
        """
        found = self._static(uri)
        if found.final:
            return found
        if found.path:
            nested = found.path[-1].inner.find(uri)
            found = Found(found.path + nested.path, nested.redirect, nested.match, nested.final)
            if found.final:
                return found
        if not (found.path and found.path[0].kind is Kind.PREFIX_NO_REGEX):
            for location in self._regexes:
                ignore_case = location.kind is Kind.REGEX_IGNORING_CASE
                if match := search(location.name, uri, ignore_case=ignore_case):
                    nested = location.inner.find(uri)
                    return Found((location, *nested.path), nested.redirect, nested.match or match, final=True)
        return found

    def _static(self, uri: str) -> Found:
        """Look the URI up among exact and prefix locations (ngx_http_core_find_static_location)."""
        if exact := self._exact.get(uri):
            return Found((exact,), final=True)
        longest = next((each for each in self._prefixes if uri.startswith(each.name)), None)
        if longest is None or longest.name != uri:
            with_slash = f"{uri}/"
            wanting = self._exact.get(with_slash) or next(
                (each for each in self._prefixes if each.name == with_slash), None
            )
            if wanting and self._adds_slash(with_slash):
                return Found((wanting,), redirect=True, final=True)
        return Found((longest,) if longest else ())

    def _adds_slash(self, name: str) -> bool:
        """Either of an exact and a prefix location of one name may ask for the redirect."""
        return any(each.adds_slash for each in self.all if each.name == name and not each.is_regex)

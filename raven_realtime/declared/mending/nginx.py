"""Mends of nginx configurations: directives of a location are set, and maps are put before the servers.

Each way to mend is what the finding's remedy says, at the place that the finding names. A way is safe where the
location is for Socket.IO alone: elsewhere it changes how other pages are served too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from raven_realtime.declared.mending.edit import Edit, Mend
from raven_realtime.declared.mending.nginx_text import Node, scan
from raven_realtime.findings.entry import Finding

DAY = "86400"
MAPS = {
    "$rt_scheme": ("$http_x_forwarded_proto", (("default", "$scheme"), ("https", "https"), ("wss", "https"))),
    "$rt_origin": ("$http_origin", (("default", "$http_origin"), ('""', "$rt_scheme://$http_host"))),
    "$connection_upgrade": ("$http_upgrade", (("default", "upgrade"), ('""', '""'))),
}
"""The variables that mends use, each with what it is made of."""


def mends(text: str, finding: Finding) -> Iterator[Mend]:
    """Yield the ways to mend a finding in a file, the smallest change first."""
    ways = WAYS.get(finding.code)
    root = scan(text) if ways and finding.location and finding.location.line else None
    if not ways or root is None or finding.location is None or finding.location.line is None:
        return
    location = _location(root, finding.location.line)
    if location is None:
        return
    for way in ways:
        change = _Change(text, root, location)
        way(change)
        if change.edits and change.possible:
            yield Mend(tuple(change.edits), _for_socketio(location))


def _location(root: Node, line: int) -> Node | None:
    """Return the location that a line is about: the one around it, else Socket.IO's in the server around it."""
    around = [each for each in root.walk() if each.words and each.closing >= 0 and _holds(each, line)]
    inner = [each for each in around if each.name == "location"]
    if inner:
        return inner[-1]
    servers = [each for each in around if each.name == "server"]
    fitting = [each for server in servers[-1:] for each in server.walk() if each.name == "location"]
    return next(filter(_for_socketio, fitting), None)


def _holds(node: Node, line: int) -> bool:
    """Tell whether a line is the directive's own, or within its block."""
    return node.line <= line and (line == node.line or any(line == each.line for each in node.walk()))


def _for_socketio(location: Node) -> bool:
    return any("socket.io" in re.sub(r"\\", "", word) for word in location.args)


class _Change:
    """A change of one file, at one location."""

    def __init__(self, text: str, root: Node, location: Node) -> None:
        self.text, self.root, self.location = text, root, location
        self.edits: list[Edit] = []
        self.possible = True
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def set(self, name: str, *values: str) -> None:
        """Give a directive of the location its value, or add it."""
        self._put(self.location.child(name), name, values)

    def header(self, name: str, value: str) -> None:
        """Send a header on with a value. A location with a header of its own inherits none, so those go along."""
        if not self.location.child("proxy_set_header"):
            self._inherited(name)
        own = self.location.child("proxy_set_header", name)
        if self.location.child("include") and not own:
            self.possible = False  # what is included may set it, and a second one would be sent beside it
        self._put(own, "proxy_set_header", (name, value))

    def map(self, variable: str) -> None:
        """Make sure that a variable is there; its map stands before the first server."""
        source, rows = MAPS[variable]
        if any(each.name == "map" and each.args[1:2] == (variable,) for each in self.root.walk()):
            return
        server = next((each for each in self.root.walk() if each.name == "server" and each.closing >= 0), None)
        around = [each.name for each in server.around() if each.words] if server else ["none"]
        if server is None or around not in ([], ["http"]):
            self.possible = False
            return
        head = self._line_start(server.start)
        indent = self.text[head : server.start]
        if indent.strip():
            head, indent = server.start, ""
        said = "".join(f"{indent}    {key} {value};{self._newline}" for key, value in rows)
        block = f"{indent}map {source} {variable} {{{self._newline}{said}{indent}}}{self._newline}"
        self.edits.append(Edit(head, head, block))

    def _inherited(self, but: str) -> None:
        for above in self.location.around():
            headers = [each for each in above.inner if each.name == "proxy_set_header"]
            if any(each.name == "include" for each in above.inner):
                self.possible = False
            for each in headers:
                if each.args[0].lower() != but.lower():
                    said = self.text[each.words[1][0] : each.words[-1][1]]
                    self._add(f"proxy_set_header {said};")
            if headers:
                return

    def _put(self, node: Node | None, name: str, values: tuple[str, ...]) -> None:
        if node is None:
            self._add(f"{name} {' '.join(values)};")
        elif node.args != values:
            self.edits.append(Edit(node.words[1][0], node.words[-1][1], " ".join(values)))

    def _add(self, line: str) -> None:
        """Add a line at the end of the location's block, indented like the ones above it."""
        closing = self.location.closing
        start = self._line_start(closing)
        if self.text[start:closing].strip():  # the brace stands behind something: the block is a line
            space = "" if self.text[closing - 1] in " \t" else " "
            self.edits.append(Edit(closing, closing, f"{space}{line} " if space else f"{line} "))
            return
        last = self.location.inner[-1] if self.location.inner else None
        indent = self.text[start:closing] + "    "
        if last:
            head = self._line_start(last.start)
            written = self.text[head : last.start]
            indent = indent if written.strip() else written
        self.edits.append(Edit(start, start, f"{indent}{line}{self._newline}"))

    def _line_start(self, position: int) -> int:
        return self.text.rfind("\n", 0, position) + 1


def _patient(change: _Change) -> None:
    change.set("proxy_read_timeout", DAY)
    change.set("proxy_send_timeout", DAY)


def _unbuffered(change: _Change) -> None:
    change.set("proxy_buffering", "off")


def _upgrading(change: _Change) -> None:
    change.map("$connection_upgrade")
    change.set("proxy_http_version", "1.1")
    change.header("Upgrade", "$http_upgrade")
    change.header("Connection", "$connection_upgrade")


def _origin(change: _Change) -> None:
    change.map("$rt_scheme")
    change.map("$rt_origin")
    change.header("Origin", "$rt_origin")


def _origin_and_host(change: _Change) -> None:
    _origin(change)
    change.header("Host", "$http_host")


def _proto(change: _Change) -> None:
    change.map("$rt_scheme")
    change.header("X-Forwarded-Proto", "$rt_scheme")


def _origin_and_proto(change: _Change) -> None:
    _origin(change)
    change.header("X-Forwarded-Proto", "$rt_scheme")


def _whole_path(change: _Change) -> None:
    """Take the path off proxy_pass, so that nginx passes on the one that was asked for."""
    passing = change.location.child("proxy_pass")
    address = re.fullmatch(r"(https?://[^/$]+)(/|/socket\.io/?)", passing.args[0]) if passing else None
    if passing and address:
        change.set("proxy_pass", address[1])


def _relative(change: _Change) -> None:
    server = next((each for each in change.location.around() if each.name == "server"), None)
    if server is None:
        return
    change.location = server
    change.set("absolute_redirect", "off")


WAYS: dict[str, tuple[Callable[[_Change], None], ...]] = {
    "RT007": (_whole_path,),
    "RT008": (_origin, _origin_and_host),
    "RT011": (_origin, _proto, _origin_and_proto),
    "RT022": (_patient,),
    "RT025": (_upgrading,),
    "RT107": (_patient,),
    "RT112": (_unbuffered,),
    "RT115": (_relative,),
}
"""By a finding's code, the ways to mend it, the smallest first."""

"""From text to structure: every directive with its file and line, includes followed.

crossplane's lexer splits the text and its table of directives checks names, contexts and numbers of arguments. The tree
is put together here, because it must carry the place of every directive across includes, and because crossplane drops
an unfinished directive at the end of a file without a word.
"""

from __future__ import annotations

import fnmatch
import glob
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import crossplane
from crossplane.analyzer import analyze, enter_block_ctx
from crossplane.errors import NgxParserBaseException

from raven_realtime.proxies import contents
from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.missing import KNOWN
from raven_realtime.proxies.unreadable import Unreadable

MAX_BYTES = 16_000_000
"""All files of one configuration together. Ten times what large hosters generate; 5 MB take about 4 s to read."""
MAX_FILES = 2_000
MAX_DEPTH = 100
"""Blocks in blocks and includes in includes. nginx itself has no use for more than about ten."""

_ESCAPE = re.compile(r"""\\([\\"'trn])""")
_ESCAPED = {"t": "\t", "r": "\r", "n": "\n"}
_END = "raven_realtime_end_of_file"

Token = tuple[str, int, bool]


def parse_text(text: str, name: str = "nginx.conf", *, check: bool = True) -> tuple[Directive, ...]:
    """Return the structure of a configuration that is not (yet) a file.

    Args:
        text: the configuration. ``include`` directives stay as they are: there is no folder to look in.
        name: what messages and directives call it.
        check: also refuse known directives in the wrong context or with the wrong number of arguments.

    Raises:
        Unreadable: the text is not an nginx configuration; the message has the line.
    """
    budget = _Budget()
    budget.spend(name, len(text.encode()))
    return _judged(_tree(text, name), name, check)


def parse_file(path: Path, *, check: bool = True) -> tuple[Directive, ...]:
    """Return the structure of a configuration file with all that it includes in place.

    Relative includes are looked up in the folder of ``path``, as nginx does (``--conf-path``'s folder). An include
    whose file is not there stays as it is (`missing`), unless what it holds is known.

    Raises:
        Unreadable: the file is missing, or one of them is unreadable, not text, too large, includes itself, or is not
            an nginx configuration; the message has file and line.
    """
    return _judged(_Reader(path.parent).read(path, None), str(path), check)


_DUMPED = re.compile(r"^# configuration file (\S[^\n]*):\r?\n", re.MULTILINE)


def is_dump(text: str) -> bool:
    """Tell whether a text is what ``nginx -T`` prints: every file in force, each under its name."""
    return bool(_DUMPED.search(text))


def dumped_files(text: str) -> dict[str, str]:
    """Return the files of what ``nginx -T`` prints, by their names; the first is the main one."""
    begins = list(_DUMPED.finditer(text))
    ends = [*(each.start() for each in begins[1:]), len(text)]
    return {each[1]: text[each.end() : end] for each, end in zip(begins, ends, strict=True)}


def parse_files(files: Mapping[str, str], *, check: bool = True) -> tuple[Directive, ...]:
    """Return the structure of a configuration whose files are at hand as texts.

    Args:
        files: the texts by name, the main file first. An include that none of them answers is passed over.
        check: as for `parse_text`.

    Raises:
        Unreadable: as for `parse_file`.
    """
    main = next(iter(files))
    return _judged(_Reader(Path(main).parent, given=files).read(Path(main), None), main, check)


@dataclass
class _Budget:
    """What one configuration has used up of the limits."""

    files: int = 0
    size: int = 0

    def spend(self, name: str, size: int) -> None:
        self.files += 1
        self.size += size
        if self.size > MAX_BYTES:
            raise Unreadable(
                f"{name}: the nginx configuration is larger than {MAX_BYTES:,} bytes with all its includes; that is "
                "more than can be judged in reasonable time. Point at a smaller part, such as the site's own file."
            )
        if self.files > MAX_FILES:
            raise Unreadable(f"{name}: the nginx configuration includes more than {MAX_FILES:,} files.")


@dataclass
class _Reader:
    """Reads one configuration and what it includes, within the limits."""

    folder: Path
    budget: _Budget = field(default_factory=_Budget)
    open_files: list[Path] = field(default_factory=list)
    trees: dict[Path, tuple[Directive, ...]] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Files that are at hand as texts: then no other is read."""

    def read(self, path: Path, cause: Directive | None) -> tuple[Directive, ...]:
        """Return what a file holds, includes in place; ``cause`` is the include that named it."""
        at = f"{cause.place}: include {cause.args[0]}: " if cause else ""
        real = path.resolve()
        if real in self.open_files:
            chain = " → ".join(str(file) for file in [*self.open_files[self.open_files.index(real) :], real])
            raise Unreadable(f"{at}the file includes itself ({chain}). Remove one of these includes.")
        self.open_files.append(real)
        try:
            tree = self.expand(_tree(self.text(path, at), str(path)))
        finally:
            self.open_files.pop()
        return tree

    def text(self, path: Path, at: str) -> str:
        if (given := self.given.get(str(path))) is not None:
            self.budget.spend(str(path), len(given))
            return given
        try:
            self.budget.spend(str(path), contents.size(path))
            content = contents.read_bytes(path)[: MAX_BYTES + 1]
        except OSError as refused:
            raise Unreadable(f"{at}{path} cannot be read: {refused.strerror}.") from None
        if b"\0" in content:
            raise Unreadable(f"{at}{path} is not an nginx configuration: it is a binary file.")
        return content.decode("utf-8", errors="replace")

    def expand(self, tree: tuple[Directive, ...]) -> tuple[Directive, ...]:
        """Put the content of included files in the place of the includes."""
        if not any(inner.name == "include" for directive in tree for inner in directive.walk()):
            return tree
        expanded: list[Directive] = []
        for directive in tree:
            if directive.name == "include" and len(directive.args) == 1 and directive.block is None:
                expanded.extend(self.include(directive))
            elif directive.block is not None:
                expanded.append(replace(directive, block=self.expand(directive.block)))
            else:
                expanded.append(directive)
        return tuple(expanded)

    def include(self, directive: Directive) -> Iterator[Directive]:
        """Yield what the files hold that an include names, in nginx's order; a pattern may match none."""
        named = directive.args[0]
        if found := self.included(named):
            for path in found:
                yield from self.read(path, directive)
        elif known := KNOWN.get(named):
            yield from (replace(each, file=directive.file, line=directive.line) for each in _tree(known, named))
        elif not glob.has_magic(named):
            yield directive

    def included(self, named: str) -> list[Path]:
        """Return the files that are there of those that an include names."""
        if self.given:
            return [Path(name) for name in self.answering(named)]
        pattern = str(self.folder / named)
        if glob.has_magic(pattern):
            return [Path(name) for name in sorted(glob.glob(pattern))]  # noqa: PTH207 (absolute patterns too)
        return [Path(pattern)] if Path(pattern).exists() else []

    def answering(self, named: str) -> list[str]:
        """Return the texts that an include names."""
        wanted = {named, str(self.folder / named)}
        exact = [name for name in self.given if name in wanted]
        if exact or not glob.has_magic(named):
            return exact[:1]
        return sorted(
            name
            for name in self.given
            if any(fnmatch.fnmatchcase(name, each) and name.count("/") == each.count("/") for each in wanted)
        )


def _tokens(text: str, name: str) -> Iterator[Token]:
    """Split the text, and make sure that the lexer reached its end: it drops an unterminated string without a word."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".conf", newline="") as file:
        file.write(f"{text}\n{_END}\n")
        file.flush()
        line = 1
        try:
            for token, line, quoted in crossplane.lex(file.name):
                if token == _END and not quoted:
                    yield "", line, False
                    return
                yield token, line, quoted
        except NgxParserBaseException as wrong:
            if "unexpected end of file" not in str(wrong.strerror):
                raise Unreadable(f"{name}:{wrong.lineno}: {wrong.strerror}.") from None
    raise Unreadable(f"{name}:{line}: a quote that is opened on or after this line is never closed.")


@dataclass
class _Open:
    """A block whose end has not been seen yet."""

    name: str
    args: tuple[str, ...]
    line: int
    inner: list[Directive] = field(default_factory=list)


def _tree(text: str, name: str) -> tuple[Directive, ...]:
    """Put the tokens of one file together, without recursion: the depth of a hostile file is bounded by a message."""
    stack = [_Open("", (), 0)]
    words: list[tuple[str, int]] = []
    for token, line, quoted in _tokens(text, name):
        if quoted or token not in ("{", "}", ";", ""):
            if quoted or not token.startswith("#"):
                words.append((_plain(token), line))
            continue
        head = words
        if token in {";", "{"}:
            if not head:
                raise Unreadable(f"{name}:{line}: unexpected {token!r}: no directive stands before it.")
            args = tuple(word for word, _ in head[1:])
            if token in {"{"}:
                stack.append(_Open(head[0][0], args, head[0][1]))
                if len(stack) > MAX_DEPTH:
                    raise Unreadable(f"{name}:{line}: more than {MAX_DEPTH} blocks inside each other.")
            else:
                stack[-1].inner.append(Directive(head[0][0], args, None, name, head[0][1]))
            words = []
            continue
        if head:
            where = "the end of the block" if token else "the end of the file"
            raise Unreadable(
                f"{name}:{head[-1][1]}: {where} comes before the ';' of {head[0][0]!r} on line {head[0][1]}."
            )
        if token in {"}"}:
            if len(stack) == 1:
                raise Unreadable(f"{name}:{line}: unexpected '}}': no block is open.")
            done = stack.pop()
            stack[-1].inner.append(Directive(done.name, done.args, tuple(done.inner), name, done.line))
    if len(stack) > 1:
        raise Unreadable(f"{name}:{stack[-1].line}: the block of {stack[-1].name!r} is never closed.")
    return tuple(stack[0].inner)


def _plain(token: str) -> str:
    """Take the escapes off, as nginx does when it copies a word (ngx_conf_read_token)."""
    if "\\" not in token:
        return token
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), token)


def context(tree: tuple[Directive, ...]) -> tuple[str, ...]:
    """Return the blocks around a file.

    None for a whole configuration, ``("http",)`` for a site's file that is included in ``http``, ``("http", "server")``
    for a snippet of a server.
    """
    names = {directive.name for directive in tree}
    if names & {"http", "events", "stream", "mail"}:
        return ()
    if names & {"server", "upstream", "map", "geo", "split_clients"}:
        return ("http",)
    return ("http", "server") if names & {"location", "listen", "server_name"} else ()


def _judged(tree: tuple[Directive, ...], name: str, check: bool) -> tuple[Directive, ...]:
    """Refuse an empty file and, if asked, whatever crossplane's table of directives does not allow where it stands."""
    if not tree:
        raise Unreadable(f"{name}: the file holds no nginx directive.")
    if check:
        _check(tree)
    return tree


def _check(tree: tuple[Directive, ...]) -> None:
    """Refuse known directives in the wrong context or with the wrong number of arguments; others may be modules'."""
    start = context(tree)
    pending = [(directive, start) for directive in reversed(tree)]
    while pending:
        directive, around = pending.pop()
        statement = {"directive": directive.name, "args": list(directive.args), "line": directive.line}
        try:
            analyze(directive.file, statement, ";" if directive.block is None else "{", around)
        except NgxParserBaseException as wrong:
            raise Unreadable(f"{directive.place}: {wrong.strerror}.") from None
        if directive.block is not None:
            inner = enter_block_ctx(statement, around)
            pending.extend((child, inner) for child in reversed(directive.block))

"""What a command line runs, told by the command itself: a name tells nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from enum import StrEnum

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_WRAPPERS = ("exec", "env", "nohup", "sudo", "time", "setsid", "stdbuf")
_DEEPEST = 5
_SEPARATORS = ("&&", "||", ";", "|", "&")
_TAKES_WORD = {"sudo": ("-u", "-g", "--user", "--group"), "env": ("-u", "-C", "--chdir")}


class Program(StrEnum):
    """What a process is on a bench."""

    REALTIME = "realtime"
    """Frappe's realtime server: Socket.IO."""
    WEB = "web"
    REDIS = "redis"
    WORKER = "worker"
    SCHEDULER = "scheduler"
    WATCH = "watch"
    """The builder of a development bench."""
    NGINX = "nginx"
    OTHER = "other"


@record
class Process:
    """A process that is declared to run."""

    name: str
    """As its owner calls it."""
    command: str
    program: Program
    location: Location
    port: int | None = None
    """The port that the command line names; None where the program's own configuration has it."""
    address: str = ""
    """The address that it listens on, as the command line has it; ``unix:/path`` for a socket."""
    config: str = ""
    """The configuration file that the command line names."""
    directory: str = ""
    """Where it runs, as far as the declaration says."""


def process_of(name: str, command: str, location: Location, directory: str = "") -> Process:
    """Tell what a command line runs.

    Args:
        name: As its owner calls it.
        command: The command line, as a shell takes it.
        location: Where it stands.
        directory: Where it runs, where the declaration says so.
    """
    for words in _commands(command):
        if words[:1] == ["cd"] and len(words) > 1:
            directory = words[1]
            continue
        program = _program(words)
        if program is not Program.OTHER:
            address, port = _listening(words, program)
            return Process(name, command, program, location, port, address, _config(words, program), directory)
    return Process(name, command, Program.OTHER, location, directory=directory)


def _commands(command: str, depth: int = 0) -> Iterator[list[str]]:
    """Split a shell's line into simple commands, each without what only wraps it."""
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars="&|;")
        lexer.whitespace_split = True
        lexer.commenters = ""
        words = list(lexer)
    except ValueError:
        words = command.split()
    simple: list[list[str]] = [[]]
    for word in words:
        if word in _SEPARATORS:
            simple.append([])
        else:
            simple[-1].append(word)
    for given in simple:
        bare = _bare(given)
        line = _line_of_shell(bare)
        if line is not None and depth < _DEEPEST:
            yield from _commands(line, depth + 1)
        elif bare:
            yield bare


def _bare(words: list[str]) -> list[str]:
    """Take off assignments before a command, and programs that only start another."""
    at = 0
    while at < len(words):
        wrapper = _name(words[at])
        if not _ASSIGNMENT.match(words[at]) and wrapper not in _WRAPPERS:
            break
        at += 1
        while wrapper in _WRAPPERS and at < len(words) and words[at].startswith("-"):
            at += 2 if words[at] in _TAKES_WORD.get(wrapper, ()) else 1
    return words[at:]


def _line_of_shell(words: list[str]) -> str | None:
    """Return the line that ``bash -c`` runs; None for another command."""
    if len(words) < 3 or _name(words[0]) not in ("bash", "sh", "dash"):
        return None
    flags = words[1]
    return words[2] if flags.startswith("-") and flags.endswith("c") else None


def _name(word: str) -> str:
    return word.rpartition("/")[2]


def _program(words: list[str]) -> Program:
    name, rest = _name(words[0]), words[1:]
    if any(_name(word) == "socketio.js" for word in words):
        return Program.REALTIME
    if name.startswith("python") and len(rest) > 1 and rest[0] == "-m":
        name, rest = rest[1].partition(".")[0], rest[1:]
    if name == "bench":
        commands = [word for word in rest if not word.startswith("-")]
        return _of_bench(commands)
    if name in ("gunicorn", "uvicorn"):
        return Program.REALTIME if any("realtime" in word or "socketio" in word for word in rest) else Program.WEB
    known = {"redis-server": Program.REDIS, "valkey-server": Program.REDIS, "nginx": Program.NGINX}
    return known.get(name, Program.OTHER)


def _of_bench(commands: list[str]) -> Program:
    known = {
        "serve": Program.WEB,
        "watch": Program.WATCH,
        "worker": Program.WORKER,
        "worker-pool": Program.WORKER,
        "schedule": Program.SCHEDULER,
        "socketio": Program.REALTIME,
        "realtime": Program.REALTIME,
    }
    return next((known[word] for word in commands if word in known), Program.OTHER)


def _listening(words: list[str], program: Program) -> tuple[str, int | None]:
    if program not in (Program.WEB, Program.REDIS, Program.REALTIME):
        return "", None
    bound = _option(words, "-b", "--bind")
    if bound:
        address, _, port = bound.removeprefix("tcp://").rpartition(":")
        return (bound, None) if bound.startswith("unix:") else (address.strip("[]"), _port(port))
    return _option(words, "--host"), _port(_option(words, "--port"))


def _option(words: list[str], *names: str) -> str:
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else (words[at + 1] if at + 1 < len(words) else "")
        if not name.startswith("--") and any(word.startswith(short) for short in names if len(short) == 2):
            return word[2:]
    return ""


def _port(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536 else None


def _config(words: list[str], program: Program) -> str:
    if program is Program.REDIS:
        return words[1] if len(words) > 1 and not words[1].startswith("-") else ""
    return _option(words, "-c") if program is Program.NGINX else ""

"""What the catalogue holds about a finding, and a finding as it is reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

HOME = "https://github.com/raven-realtime/raven-realtime"
"""Where the project lives; pyproject.toml's URLs begin with it."""

STACKS = {
    "traefik": "Traefik",
    "nginx": "nginx",
    "frappe_docker": "frappe_docker",
    "bench": "bench",
    "ngrok": "ngrok",
    "cloudflare": "Cloudflare",
    "frappe": "Frappe",
    "node": "Frappe's realtime server on Node",
    "python": "Frappe's realtime server on Python",
}
"""The stacks that remedies are written for: name in code, name for people."""


EXAMPLE = "chat.example.com"
"""The host in the catalogue's texts; a finding about a known host says that one."""


class Level(StrEnum):
    """How bad a finding is. Errors fail a check, a lint run or a preview; warnings and notes do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Given(StrEnum):
    """What has to be so for a finding on the server to be the cause of what was seen further out."""

    NOTHING = ""
    SOCKETIO_ANSWERS = "Socket.IO answers where nginx asks it, and nginx runs and is nearly full"
    PROCESS_IS_TO_KNOW = "the web tells a user only to who knows its secret, which is kept in redis"
    SEEN_FROM_NGINX = "what was seen outside is seen from nginx's side too, or it is nginx that said it"


@record
class Finding:
    """One thing found wrong, as a check, a policy or the linter reports it."""

    entry: Entry
    evidence: str
    """What was seen, in one or two lines: the request and the telling part of the answer, or the offending line."""
    location: Location | None = None
    remedy: str = ""
    """The remedy for the system at hand; the catalogue's when empty."""
    stack: str = ""
    """The stack that was seen to be at work, one of `STACKS`; empty where that does not show."""
    hop: str = ""
    """The part of the path that is at fault here, where it is seen to be another than the catalogue's."""
    causes: tuple[str, ...] = ()
    """The codes seen further out that this one is seen to cause, besides those that the catalogue says it explains."""
    given: Level | None = None
    """How bad it is here, where that is not what the catalogue says."""
    host: str = ""
    """The public host that it is about, where it is about one."""

    @property
    def level(self) -> Level:
        """How bad it is here."""
        return self.given or self.entry.level

    @property
    def at_fault(self) -> str:
        """The part of the path that is at fault: one of the names in ``raven_realtime.live.HOPS``."""
        return self.hop or self.entry.hop

    @property
    def code(self) -> str:
        """The stable code, such as ``RT008``."""
        return self.entry.code

    @property
    def todo(self) -> str:
        """What to do: the particular remedy where there is one, then the stack's, the catalogue's otherwise."""
        said = self.remedy or self.entry.remedies.get(self.stack, "") or self.entry.remedy
        return said.replace(EXAMPLE, self.host) if self.host and not self.host.endswith(".example") else said


@record
class Entry:
    """One entry of the catalogue: everything that is always true of a finding.

    RT001 to RT033 are the symptoms seen on live systems, RT034 to RT099 what else a live path can do wrong; static
    findings start at RT101. A code is never reused.
    """

    code: str
    title: str
    """A short noun phrase, no full stop: ``Origin refused``."""
    level: Level
    hop: str
    """The part of the path that is at fault: one of the names in ``raven_realtime.live.HOPS``."""
    meaning: str
    """What is wrong and why it breaks realtime, in Markdown."""
    shows: str
    """How it shows to users: the browser's console, the banner, the answer of curl."""
    remedy: str
    """What to do, in Markdown: commands or configuration."""
    source: str
    """Where the rule comes from: a document's section or an issue, as ``project#number`` or a URL."""
    remedies: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What to do on one stack, in Markdown, by the stack's name: one of `STACKS`."""
    said: tuple[str, ...] = ()
    """What people read when it is this: a banner, a log line, a status or a close code, word for word; several findings
    may be behind one of them."""
    aliases: tuple[str, ...] = field(default=())
    """Retired codes that this entry answers to."""
    explains: tuple[str, ...] = field(default=())
    """The codes of what is seen further out when this is the cause: found together, this one is the verdict."""
    given: Given = Given.NOTHING
    """What else has to be so for this to explain them."""

    @property
    def page(self) -> str:
        """The page of docs/ that says all this, from the project's folder."""
        return f"docs/findings/{self.code}.md"

    @property
    def link(self) -> str:
        """The page's address."""
        return f"{HOME}/blob/main/{self.page}"

    def found(
        self,
        evidence: str,
        location: Location | None = None,
        remedy: str = "",
        *,
        stack: str = "",
        hop: str = "",
        causes: tuple[str, ...] = (),
        level: Level | None = None,
        host: str = "",
    ) -> Finding:
        """Report this finding with its evidence.

        Args:
            evidence: what was seen, in one or two lines; never a secret.
            location: where it stands, for findings on files and resources.
            remedy: what to do here, instead of the catalogue's general words.
            stack: the stack that was seen to be at work; its own remedy is then given.
            hop: the part of the path that is at fault, where it is not the catalogue's.
            causes: what was seen further out because of this, by its codes.
            level: how bad it is here, where that is not the catalogue's.
            host: the public host that it is about.
        """
        return Finding(self, evidence, location, remedy, stack, hop, causes, level, host)

"""Versions of programs on the path with known faults: one table, read wherever a version shows itself.

A version is part of what a program does. The table has what breaks realtime, or is a door left open, each with its
source; what answers, images' tags and a stack's settings are looked up in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

from raven_realtime.proxies.record import record

_NUMBER = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:-(?:rc|beta|alpha|ea)\.?(\d+))?", re.IGNORECASE)
_FINAL = 1_000_000
"""Sorts a release behind its candidates."""

Number = tuple[int, int, int, int]


def number(version: str) -> Number | None:
    """Read ``3.7.6``, ``v3.0.0-rc4`` or ``1.22.1-9+deb12u1`` as what can be compared; None where it is none."""
    match = _NUMBER.match(version.strip())
    if match is None:
        return None
    major, minor, patch, candidate = match.groups()
    return int(major), int(minor), int(patch or 0), int(candidate) if candidate else _FINAL


@record
class Range:
    """The versions from one on and before another; an end that is left out is open."""

    first: str = ""
    before: str = ""

    def __contains__(self, version: object) -> bool:
        """Whether a version lies in it."""
        if not isinstance(version, str) or (here := number(version)) is None:
            return False
        first, before = number(self.first), number(self.before)
        return (first is None or first <= here) and (before is None or here < before)


class Trait(StrEnum):
    """What a version's fault may take besides: something that is configured, or asked."""

    RETRY = "a retry middleware on Traefik's router"
    HTTP2 = "HTTP/2, which browsers speak over TLS only"
    DEFAULTS = "a configuration that leaves to nginx how long it keeps connections to the upstream"
    RESOLVE = "`resolve` at a server of an nginx upstream"
    STICKY = "`sticky` in an nginx upstream"
    LOG_OPTION = "nginx's option -e"


@record
class Fault:
    """One row of the table."""

    program: str
    """``traefik``, ``nginx``, ``docker``."""
    versions: tuple[Range, ...]
    code: str
    wrong: str
    """What is wrong with them, as a clause."""
    source: str
    """Where that stands, as a link."""
    remedy: str
    beside: tuple[str, tuple[Range, ...]] | None = None
    """Another program and its versions, where it takes both."""
    takes: Trait | None = None
    """What else it takes."""


TABLE = (
    Fault(
        "traefik",
        (Range("3.7.6", "3.7.8"),),
        "RT060",
        "a retry middleware sends a WebSocket that was closed once more, and can end the whole process",
        "https://github.com/traefik/traefik/issues/13513",
        "Traefik 3.7.8 or later; until then take the retry middleware off the router.",
        takes=Trait.RETRY,
    ),
    Fault(
        "docker",
        (Range("29.0"),),
        "RT061",
        "this Docker speaks its API from 1.44 on only, and this Traefik asks for an older one and reads no labels",
        "https://github.com/traefik/traefik/issues/12253",
        "Traefik 3.6.1, or 2.11.31, or later.",
        beside=("traefik", (Range("2.0", "2.11.31"), Range("3.0.0-rc1", "3.6.1"))),
    ),
    Fault(
        "traefik",
        (Range("2.11.1", "2.11.2"), Range("3.0.0-rc4", "3.0.0-rc5")),
        "RT023",
        "it closes WebSockets after two seconds",
        "https://github.com/traefik/traefik/issues/10598",
        "Traefik 2.11.2, or 3.0.0, or later.",
    ),
    Fault(
        "traefik",
        (Range("3.2.4", "3.2.5"),),
        "RT024",
        "WebSockets over HTTP/2 fail",
        "https://github.com/traefik/traefik/issues/11405",
        "Traefik 3.2.5 or later.",
        takes=Trait.HTTP2,
    ),
    Fault(
        "nginx",
        (Range("1.29.7"),),
        "RT062",
        "it speaks HTTP/1.1 to upstreams by default, sends no Connection header, and keeps idle connections for 60 s, "
        "while Node closes them after 5 s",
        "https://nginx.org/en/CHANGES",
        "Set `proxy_http_version`, the Upgrade and Connection headers and the upstream's `keepalive_timeout` yourself.",
        takes=Trait.DEFAULTS,
    ),
    Fault(
        "nginx",
        (Range("1.29.0", "1.30.2"),),
        "RT063",
        "CVE-2026-42945 and CVE-2026-9256, in rewrite, are open",
        "https://nginx.org/en/security_advisories.html",
        "nginx 1.30.2 or later.",
    ),
    Fault(
        "nginx",
        (Range("1.29.0", "1.30.4"), Range("1.31.0", "1.31.3")),
        "RT063",
        "CVE-2026-42533, in a map's regular expression after a capture, is open",
        "https://nginx.org/en/security_advisories.html",
        "nginx 1.30.4, or 1.31.3, or later.",
    ),
    Fault(
        "nginx",
        (Range(before="1.27.3"),),
        "RT064",
        "it does not know `resolve` at a server of an upstream, and does not start",
        "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#resolve",
        "nginx 1.27.3 or later; or, for an older one, `resolver` and a variable in `proxy_pass`.",
        takes=Trait.RESOLVE,
    ),
    Fault(
        "nginx",
        (Range(before="1.29.6"),),
        "RT064",
        "it does not know `sticky`, and does not start",
        "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#sticky",
        "nginx 1.29.6 or later; or `hash $cookie_NAME consistent`, or `ip_hash`.",
        takes=Trait.STICKY,
    ),
    Fault(
        "nginx",
        (Range(before="1.19.5"),),
        "RT064",
        "it does not know the option `-e`, and does not start",
        "https://nginx.org/en/docs/switches.html",
        "nginx 1.19.5 or later.",
        takes=Trait.LOG_OPTION,
    ),
)
"""The older nginx of a distribution is left out: its fixes come without a new number."""


def faults(versions: Mapping[str, str], *, having: Collection[Trait] = ()) -> Iterator[tuple[Fault, str]]:
    """Yield what is wrong with programs that work together, each with the versions it is about in words.

    Args:
        versions: program to version, as far as they are known.
        having: what there is of that which some rows take.
    """
    for fault in TABLE:
        version = versions.get(fault.program, "")
        if not any(version in each for each in fault.versions):
            continue
        if fault.takes and fault.takes not in having:
            continue
        said = f"{NAMES[fault.program]} {version}"
        if fault.beside is not None:
            other, ranges = fault.beside
            if not any(versions.get(other, "") in each for each in ranges):
                continue
            said += f" with {NAMES[other]} {versions[other]}"
        yield fault, said


NAMES = {"traefik": "Traefik", "nginx": "nginx", "docker": "Docker"}
"""The programs of the table, as people write them."""
SERVER = re.compile(r"\bnginx/(\d+\.\d+\.\d+)")
"""How nginx names its version in a Server header, and in what ``nginx -v`` prints."""
LABEL = "org.opencontainers.image.version"
"""The label in which an image says the version of what is in it (github.com/opencontainers/image-spec, annotations.md);
Traefik's image has it."""
VARIABLE = "NGINX_VERSION"
"""The variable in which the official image of nginx says its version."""
_IMAGE = re.compile(r"(?:^|/)(traefik|nginx|docker)(?:-unprivileged)?(?::([\w.-]+))?(?:@|$)")
_EXACT = re.compile(r"v?(\d+\.\d+\.\d+(?:-(?:rc|beta|alpha|ea)\.?\d+)?)(?![\d.])", re.IGNORECASE)
_DAEMON = "dind"
"""What the tag of an image with Docker's daemon says; `docker:29.0.1-cli` is a client."""


OLDEST_API = (1, 44)
"""The API that Docker 29 speaks at least; an older Traefik asks for less, unless its daemon is told to allow that."""


def reads_labels(api: str) -> bool:
    """Tell whether any Traefik can read the labels of a Docker whose least API is this; false where it is not known."""
    least = number(api)
    return least is not None and least[:2] < OLDEST_API


def exact(said: str) -> str:
    """Return the one version that a text names; empty for what moves on with releases, such as `3.6` or `latest`."""
    found = _EXACT.match(said.strip())
    return found[1] if found else ""


def of_image(
    image: str, labels: Mapping[str, str] | None = None, variables: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Return a program of the table and its version, as an image names them; each is empty where it does not.

    Args:
        image: as somebody wrote it: ``traefik:v3.6.12``, ``docker.io/library/nginx:1.30.6@sha256:…``.
        labels: the image's, or its container's, which has them too.
        variables: the image's, or its container's.
    """
    found = _IMAGE.search(image)
    if found is None:
        return "", ""
    program, tag = found[1], found[2] or ""
    if program == "docker" and _DAEMON not in tag:
        return "", ""
    inside = (variables or {}).get(VARIABLE, "") if program == "nginx" else (labels or {}).get(LABEL, "")
    return program, exact(inside) or exact(tag)

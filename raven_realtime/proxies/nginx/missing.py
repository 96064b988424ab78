"""Includes whose files are not at hand: what is known of them, and what they leave open.

People show a site's file without what it includes. Such an ``include`` stays in the tree; what it could change is not
told, and the rest is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from glob import has_magic
from pathlib import PurePosixPath

from raven_realtime.proxies.nginx.directive import Directive

_PROXY_PARAMS = """\
proxy_set_header Host $http_host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
"""
KNOWN = {"proxy_params": _PROXY_PARAMS, "/etc/nginx/proxy_params": _PROXY_PARAMS}
"""What the file holds, by how it is included: of Debian's package nginx-common (packages.debian.org)."""

_CHANGES_NOTHING = re.compile(
    r"mime\.types|(fastcgi|uwsgi|scgi)[\w.-]*|"
    r".*(ssl|tls|letsencrypt|certbot|acme|dhparam|security|hardening|gzip|brotli|expires|mime|errors?)[^/]*",
    re.IGNORECASE,
)
"""Names of files with certificates, headers of answers, compression: nothing that decides where a request goes."""


def missing(block: Directive) -> tuple[Directive, ...]:
    """Return the includes of a block that were not followed and may change where a request goes, or what is sent on."""
    return tuple(each for each in block.children("include") if not _changes_nothing(each))


def left_open(levels: Iterable[Directive], name: str) -> Directive | None:
    """Return an include that may set a directive, as deep as the one in force or deeper.

    Args:
        levels: the blocks in force, outermost first: http, server, locations.
        name: the directive.
    """
    for level in reversed(tuple(levels)):
        if level.name != "http" and (found := missing(level)):
            return found[0]
        if any(True for _ in level.children(name)):
            return None
    return None


def all_missing(tree: Iterable[Directive]) -> tuple[Directive, ...]:
    """Return such includes of a whole configuration, wherever they stand; nginx's modules are none."""
    blocks = (inner for top in tree for inner in top.walk() if inner.name in {"http", "server", "location", "if"})
    return tuple(include for block in blocks for include in missing(block))


def why(include: Directive) -> str:
    """Return why something is not told."""
    return f"include {' '.join(include.args)} at {include.place} is not here to be read"


def _changes_nothing(include: Directive) -> bool:
    """Tell whether it does not matter what is included; a pattern may stand for no file at all."""
    return (
        not include.args
        or has_magic(include.args[0])
        or bool(_CHANGES_NOTHING.fullmatch(PurePosixPath(include.args[0]).name))
    )

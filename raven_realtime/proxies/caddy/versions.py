"""What depends on the version of Caddy."""

from __future__ import annotations

import re
from functools import lru_cache

ASSUMED = (2, 10, 99)
"""Where nobody says which version runs: the last whose behaviour towards an https upstream is that of all before."""

ENCODED_REWRITES = (2, 7)
"""From here on the target of a rewrite is decoded (caddyserver/caddy#5504)."""
TRAILING_DOTS_COUNT = (2, 7)
"""Before, dots and spaces at the end of a path were not compared on any system (#5613)."""
FILES_ARE_ONLY_READ = (2, 6, 3)
"""From here on a file server answers other methods than GET and HEAD with 405 (#5167)."""
SORTED_BY_SPECIFICITY = (2, 6, 3)
"""From here on ``/a`` sorts before ``/a*`` (#5462)."""
GROUPS_IN_ROUTE = (2, 6, 3)
"""From here on only the first ``handle`` that matches counts within ``route`` too (#5315)."""
SORTED_LEXICALLY = (2, 10, 1)
"""From here on paths of one length sort by their letters (#7015)."""
SENDS_NO_INVALID_HOST = (2, 7)
"""From here on a Host with characters that no host has, such as ``{``, is sent empty (Go's since 1.20.7)."""
ADDS_VIA = (2, 10)
"""From here on the upstream gets a Via header (#6275)."""
HOST_OF_HTTPS_UPSTREAM = (2, 11)
"""From here on an upstream that is spoken to with TLS gets its own address as Host (#7454)."""
LABELS_IN_LOWER_CASE = (2, 11)
"""From here on ``{labels.1}`` is in lower case, as a host name is (e0a8f9541)."""
SLASH_BEFORE_PREFIX = (2, 9)
"""From here on ``strip_prefix`` gets its slash when its placeholders are filled, in JSON too (#6662)."""
FILLED_ONCE = (2, 11, 4)
"""From here on a query that a placeholder of the path brings is not filled again (176b043b0)."""
DELETES_ALL_FIRST = (2, 8)
"""From here on ``header_up -*`` comes before what is set."""


@lru_cache
def parse(version: str) -> tuple[int, ...]:
    """Return the numbers of a version such as ``v2.6.2``; of none, those of ``ASSUMED``."""
    found = re.match(r"\D*(\d+(?:\.\d+){0,2})", version)
    return tuple(map(int, found[1].split("."))) if found else ASSUMED

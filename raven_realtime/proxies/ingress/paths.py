"""Paths as the rules of a cluster match them."""

from __future__ import annotations

import re
from urllib.parse import unquote

_SLASHES = re.compile("/{2,}")


def normal(path: str) -> str | None:
    """Return a path decoded, with slashes merged and dot segments followed, as nginx matches it; None above the root.

    https://nginx.org/en/docs/http/ngx_http_core_module.html#location
    """
    decoded = _SLASHES.sub("/", unquote(path, errors="surrogateescape"))
    if not decoded.startswith("/"):
        return None
    kept: list[str] = []
    parts = decoded.split("/")[1:]
    for part in parts:
        if part == "..":
            if not kept:
                return None
            kept.pop()
        elif part != ".":
            kept.append(part)
    if parts[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def below(prefix: str, path: str) -> bool:
    """Tell whether a path begins with a prefix, element by element: ``/a`` has ``/a`` and ``/a/b``, not ``/ab``.

    https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types
    """
    prefix = prefix.rstrip("/")
    return path == prefix or path.startswith(prefix + "/")

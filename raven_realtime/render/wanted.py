"""What every target is rendered from: hosts and sites, where web and Socket.IO are, and what things are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raven_realtime.problem import Problem
from raven_realtime.settings import HOSTNAME, Prod, ServedHost, load_prod, place

PATH = re.compile(r"/[A-Za-z0-9._/-]+")
"""A path that every configuration takes as it is, without quotes."""


@dataclass(frozen=True)
class Wanted:
    """What a target is rendered from."""

    settings: Prod
    """Hosts, sites, Socket.IO's address, Traefik's names, sizes."""
    web: str
    """Where Frappe's web process is; for what serves no path by itself, where an nginx serves both."""
    folder: str
    bench: str
    certificate: str
    certificate_key: str
    ingress_class: str
    gateway: str

    @property
    def hosts(self) -> tuple[ServedHost, ...]:
        """The public hosts, each with its site."""
        return self.settings.served

    @property
    def names(self) -> str:
        """The public hosts in one line."""
        return " ".join(each.host for each in self.hosts)

    @property
    def upstream(self) -> str:
        """Where Socket.IO is."""
        return self.settings.upstream

    @property
    def timeout(self) -> int:
        """Seconds that a silent connection is kept."""
        return self.settings.proxy_timeout


SETTINGS = {
    "hosts": "--host",
    "upstream": "--upstream",
    "networks": "--network",
    "entrypoint": "--entrypoint",
    "cert_resolver": "--cert-resolver",
    "router": "--router",
    "traefik_version": "--traefik-version",
    "image": "--image",
    "capacity": "--capacity",
}
"""The options that are settings of a production stack; `settings` says what each may be."""


def _path(value: str) -> str:
    if not PATH.fullmatch(value):
        raise ValueError("accepted: a path from / on, of letters, digits, dots, underscores and hyphens")
    return value


def _name(value: str) -> str:
    if not HOSTNAME.fullmatch(value):
        raise ValueError("accepted: small letters, digits, hyphens and dots, as Kubernetes names things")
    return value


OWN: dict[str, Callable[[str], str]] = {
    "web": place,
    "folder": lambda value: _path(str(Path(value).absolute())),
    "bench": _path,
    "certificate": _path,
    "certificate_key": _path,
    "ingress_class": _name,
    "gateway": _name,
}
"""The other options, and what says whether a value is one."""
DEFAULTS = {
    "folder": "/tmp",  # noqa: S108 (what the multiplexer's nginx writes goes, by default, where anybody may write)
    "bench": "/home/frappe/frappe-bench",
    "certificate": "/etc/letsencrypt/live/{host}/fullchain.pem",
    "certificate_key": "/etc/letsencrypt/live/{host}/privkey.pem",
    "ingress_class": "nginx",
    "gateway": "gateway",
}


def option(name: str) -> str:
    """Return the option of a name."""
    return SETTINGS.get(name) or f"--{name.replace('_', '-')}"


def wanted(given: Mapping[str, Any], defaults: Mapping[str, str]) -> Wanted:
    """Read the options that were given.

    Args:
        given: their values by name.
        defaults: the target's own.

    Raises:
        Problem: a value that is not accepted; the message calls it by its option.
    """
    values = {**defaults, **given}
    settings = load_prod({name: values[name] for name in SETTINGS if name in values}, where="the options", named=_named)
    host = settings.served[0].host
    own = {name: str(values.get(name, DEFAULTS.get(name, ""))).replace("{host}", host) for name in OWN}
    for name, check in OWN.items():
        if values.get(name):
            own[name] = _checked(name, own[name], check)
    return Wanted(settings, **own)


def _checked(name: str, value: str, check: Callable[[str], str]) -> str:
    try:
        return check(value)
    except ValueError as refused:
        raise Problem(f"{option(name)}: found {value!r}: {refused}.") from None


def _named(key: str) -> str:
    return option(re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", key))

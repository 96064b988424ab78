"""Who may ask: ``allow``, ``deny`` and ``auth_basic``; everything else that guards a location is not decided here.

That ``auth_request`` lets the request pass is assumed: whoever reads the answer sees that it is in force.
"""

from __future__ import annotations

import re

from raven_realtime.proxies.nginx.exchange import Exchange, within
from raven_realtime.proxies.nginx.regex import Undecided
from raven_realtime.proxies.nginx.rewriting import Verdict

_OPAQUE = re.compile(r".*_by_(lua|njs)(_block|_file)?|js_(content|access)|perl|auth_jwt|modsecurity|more_.*_input_.*")


def guard(exchange: Exchange) -> Verdict | None:
    """Return nginx's refusal, or None if the request may pass.

    Raises:
        Undecided: something decides that the configuration does not show (a script, a password, another server).
    """
    for level in exchange.levels:
        for directive in level.children():
            if _OPAQUE.fullmatch(directive.name) and directive.args[:1] != ("off",):
                raise Undecided(f"{directive.name} at {directive.place} decides")
    for directive in exchange.levels[-1].children("limit_except"):
        allowed = {method.upper() for method in directive.args}
        if exchange.method not in allowed and not (exchange.method == "HEAD" and "GET" in allowed):
            raise Undecided(f"limit_except at {directive.place} decides")
    if exchange.value("satisfy", "all") == "any":
        raise Undecided("satisfy any: an address or a password may let the request pass")
    return _by_address(exchange) or _by_password(exchange)


def _by_address(exchange: Exchange) -> Verdict | None:
    for level in reversed(exchange.levels):
        rules = list(level.children("allow", "deny"))
        if not rules:
            continue
        client = exchange.client_address()
        for rule in rules:
            if rule.args[0] == "all" or within(client, rule.args[0]):
                return Verdict(403, rule) if rule.name == "deny" else None
        return None
    return None


def _by_password(exchange: Exchange) -> Verdict | None:
    realm = exchange.value("auth_basic", "off")
    if realm == "off":
        return None
    if any(name.lower() == "authorization" for name, _ in exchange.headers_in()):
        raise Undecided("auth_basic: a password decides")
    return Verdict(401, exchange.effective("auth_basic")[-1])

"""What to do, in the words of the file at hand: its place, its own names, and lines that can be pasted as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from textwrap import indent

from raven_realtime.declared.journey import Journey, Leg
from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.proxy import Nginx
from raven_realtime.proxies.nginx.routing import Answer
from raven_realtime.proxies.unreadable import Unreadable

SCHEME = "map $http_x_forwarded_proto $rt_scheme { default $scheme; https https; wss https; }"
ORIGIN = 'map $http_origin $rt_origin { default $http_origin; "" $rt_scheme://$http_host; }'
UPGRADE = 'map $http_upgrade $connection_upgrade { default upgrade; "" ""; }'
FRAPPES = {"Host": "$http_host", "Origin": "$rt_origin", "X-Forwarded-Proto": "$rt_scheme"}
"""What Frappe needs in order to take the browser's own origin."""
OF_HOST = {**FRAPPES, "Origin": "$rt_scheme://$http_host"}
"""The same where somebody in front gave the request another Host: the browser's origin would not agree with it."""
UPGRADING = {"Upgrade": "$http_upgrade", "Connection": "$connection_upgrade"}
_MARKS = re.compile(r"[\s;{}\"']")


def origin_of(journey: Journey) -> str:
    """Return what to write for Frappe to get an Origin that agrees with Host; empty where nginx is not the last."""
    if journey.last.request.host != journey.legs[0].request.host:
        return _headers(journey.last, OF_HOST, (SCHEME,))
    return _headers(journey.last, FRAPPES, (SCHEME, ORIGIN))


def upgrade_of(journey: Journey) -> str:
    """Return what to write for the upgrade to pass; empty where it is not nginx that loses it."""
    return _headers(journey.last, UPGRADING, (UPGRADE,), ("proxy_http_version 1.1;",))


def whole_path_of(journey: Journey) -> str:
    """Return how to pass a path on as it is; empty where it is not nginx's `proxy_pass` that changes it."""
    answer = _answer(journey.last)
    passing = answer.decided_by if answer else None
    found = re.match(r"(https?://[^/]+)/", passing.args[0]) if passing and passing.name == "proxy_pass" else None
    if answer is None or found is None or "$" in found[1]:
        return ""
    return _place(journey.last, answer, [f"proxy_pass {found[1]};"], (), "without a path behind the address")


def port_of(journey: Journey, wrong: int, right: int) -> str:
    """Return the line of nginx that names another port, corrected; empty where there is no such line."""
    answer, proxy = _answer(journey.last), journey.last.node.proxy
    if answer is None or not isinstance(proxy, Nginx):
        return ""
    passing = answer.decided_by
    block = proxy.configuration.definitions.upstreams.get(answer.upstream or "")
    for each in [*(block.children("server") if block else ()), *([passing] if passing else [])]:
        changed = each.args and re.sub(rf":{wrong}(?!\d)", f":{right}", each.args[0])
        if changed and changed != each.args[0]:
            where = proxy.place(each)
            line = _written(Directive(each.name, (changed, *each.args[1:])))
            return f"In {where.path}, line {where.line}:\n\n    {line}\n"
    return ""


def _headers(leg: Leg, wanted: Mapping[str, str], maps: Sequence[str], more: Sequence[str] = ()) -> str:
    answer = _answer(leg)
    if answer is None:
        return ""
    inherited = answer.effective("proxy_set_header")
    own = set(map(id, answer.location.children("proxy_set_header"))) if answer.location else set()
    names = {name.lower() for name in wanted}
    # a block with one header of its own inherits none: all that were in force have to be written again
    kept = [
        _written(each) for each in inherited if id(each) not in own and each.args and each.args[0].lower() not in names
    ]
    lines = [*more, *kept, *(f"proxy_set_header {name} {value};" for name, value in wanted.items())]
    return _place(leg, answer, lines, maps)


def _place(leg: Leg, answer: Answer, lines: Sequence[str], maps: Sequence[str], remark: str = "") -> str:
    proxy, block = leg.node.proxy, answer.location or answer.server
    if not isinstance(proxy, Nginx) or block is None or leg.node.modelled:
        return ""
    where = proxy.place(block)
    replaced = f", {remark}" if remark else ", in the place of what says the same now"
    said = f"In {where.path}, in `{block}` (line {where.line}){replaced}:\n\n{indent(chr(10).join(lines), '    ')}\n"
    defined = {each.args[1] for each in _maps(proxy)}
    missing = [each for each in maps if each.split()[2] not in defined]
    if missing:
        said += f"\nand at http level:\n\n{indent(chr(10).join(missing), '    ')}\n"
    return said


def _maps(proxy: Nginx) -> list[Directive]:
    return [each for each in proxy.configuration.http.children("map") if len(each.args) > 1]


def _answer(leg: Leg) -> Answer | None:
    if not isinstance(leg.node.proxy, Nginx) or leg.node.modelled:
        return None
    try:
        return leg.node.proxy.answer(leg.request)
    except Unreadable:
        return None


def _written(directive: Directive) -> str:
    """Return a directive as it is written, with quotes where they are needed."""
    quoted = [f'"{each}"' if not each or _MARKS.search(each) else each for each in directive.args]
    return " ".join((directive.name, *quoted)) + ";"

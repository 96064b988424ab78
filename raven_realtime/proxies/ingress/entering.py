"""Where browsers come in: the hosts of Ingress objects on ports 80 and 443."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from raven_realtime.proxies.ingress.hosts import one_label
from raven_realtime.proxies.ingress.objects import Ingress
from raven_realtime.proxies.interface import Entrance, Listener


def has_certificate(host: str, ingresses: Iterable[Ingress]) -> bool:
    """Tell whether ``spec.tls`` of one of these lists a host (a request's, or a rule's)."""
    return any(
        (ingress.tls_all and any(rule.host and one_label(rule.host, host) for rule in ingress.rules))
        or any(one_label(name.value, host) or name.value.lower() == host for name in ingress.tls)
        for ingress in ingresses
    )


def entrances(ingresses: Iterable[Ingress]) -> tuple[Entrance, ...]:
    """List the hosts of the rules; one with a certificate on 443 first, and on 80."""
    known = tuple(ingresses)
    return tuple(_each(known))


def _each(ingresses: tuple[Ingress, ...]) -> Iterator[Entrance]:
    for ingress in ingresses:
        for rule in ingress.rules:
            paths = tuple(dict.fromkeys(path.path for path in rule.paths))
            if "/" in paths or ingress.default:
                paths = ()
            if has_certificate(rule.host.lower(), ingresses) or (not rule.host and (ingress.tls or ingress.tls_all)):
                yield Entrance(rule.host, Listener(443, rule.location, tls=True), rule.location, paths)
            yield Entrance(rule.host, Listener(80, rule.location), rule.location, paths)
        if ingress.default and not ingress.rules:
            yield Entrance("", Listener(80, ingress.meta.location), ingress.meta.location)

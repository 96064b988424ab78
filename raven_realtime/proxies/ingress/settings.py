"""A controller's settings for all its Ingress objects, from the ConfigMap that it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping

from raven_realtime.proxies.ingress.objects import Resources, Text

_COMMUNITY = re.compile(r"ingress-nginx.*controller|nginx-ingress-controller|nginx-configuration|nginx-load-balancer")
_F5 = re.compile(r"nginx-config|nginx-ingress(?!-controller)")


def community(resources: Resources) -> Mapping[str, Text]:
    """Return the settings of ingress-nginx by key; empty where its ConfigMap is not known.

    https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/
    """
    return _named(resources, _COMMUNITY)


def f5(resources: Resources) -> Mapping[str, Text]:
    """Return the settings of F5's controller by key; empty where its ConfigMap is not known.

    https://docs.nginx.com/nginx-ingress-controller/configuration/global-configuration/configmap-resource/
    """
    return _named(resources, _F5)


def _named(resources: Resources, name: re.Pattern[str]) -> Mapping[str, Text]:
    for found in resources.config_maps:
        # a file of an application's own nginx has a key with a dot; the settings never have one
        if name.search(found.meta.name) and not any("." in key for key in found.data):
            return found.data
    return {}


def of(known: Mapping[str, Text], key: str, default: str = "") -> str:
    """Return a setting's value."""
    found = known.get(key)
    return found.value.strip() if found else default

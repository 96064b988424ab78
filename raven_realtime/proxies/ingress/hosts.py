"""Host names as the rules of a cluster match them."""

from __future__ import annotations


def bare(host: str) -> str:
    """Return a Host header's name, in lower case and without its port."""
    host = host.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].removesuffix(".")


def port_of(host: str) -> str:
    """Return a Host header's port; empty without one."""
    return host.rpartition("]")[2].partition(":")[2]


def one_label(pattern: str, host: str) -> bool:
    """Tell whether a host is meant by a name, or by ``*.name`` for exactly one more label.

    https://kubernetes.io/docs/concepts/services-networking/ingress/#hostname-wildcards
    """
    pattern = pattern.lower()
    if not pattern.startswith("*."):
        return pattern == host
    label, dot, rest = host.partition(".")
    return bool(label and dot) and rest == pattern[2:]


def any_labels(pattern: str, host: str) -> bool:
    """Tell whether a host is meant by a name, or by ``*.name`` for one or more labels, as the Gateway API has it."""
    pattern = pattern.lower()
    return host.endswith(pattern[1:]) and host != pattern[1:] if pattern.startswith("*.") else pattern == host

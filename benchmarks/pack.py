"""``python -m benchmarks.pack COUNT``: judge a stack of so many containers with the policy pack; print the seconds.

The policies are called as Pulumi's SDK calls them: each resource policy with each resource, each stack policy with all
of them. What the engine does (starting Python, sending the resources) is left out.
"""

from __future__ import annotations

import copy
import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import _NotApplicableError
from pulumi_policy.proxy import unknown_checking_proxy

from policies.pack import policies
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import nginx as sidecar

SIDECARS = 10
"""One container in ten is a sidecar of ours, with its configuration; the others are applications."""
IMAGE = "docker.io/library/nginx@sha256:" + "a" * 64


def stack(count: int) -> Iterator[PolicyResource]:
    """Yield the resources of so many containers, each with two routers of its own hosts."""
    for number in range(count):
        name = f"app-{number}"
        host = f"{name}.example.com"
        if number % SIDECARS:
            yield _container(name, 8080, {"": f"Host(`{host}`)", "-api": f"Host(`{host}`) && PathPrefix(`/api`)"})
            continue
        served = tuple(ServedHost(host=each, site=each) for each in (host, f"www.{host}"))
        text = sidecar.render(sidecar.Sidecar(served))
        installed = {"create": "raven-realtime sidecar install", "stdin": text}
        command = _resource("command:local:Command", f"{name}-nginx", installed)
        rules = {f"-{index}": f"Host(`{each.host}`) && PathPrefix(`/socket.io`)" for index, each in enumerate(served)}
        yield command
        yield _container(name, 80, rules, command)


def _container(name: str, port: int, rules: dict[str, str], *needs: PolicyResource) -> PolicyResource:
    labels = {"traefik.enable": "true", f"traefik.http.services.{name}.loadbalancer.server.port": str(port)}
    for suffix, rule in rules.items():
        router = f"traefik.http.routers.{name}{suffix}"
        labels |= {f"{router}.rule": rule, f"{router}.entrypoints": "websecure", f"{router}.service": name}
        labels[f"{router}.tls.certresolver"] = "myresolver"
    properties = {
        "name": name,
        "image": IMAGE,
        "restart": "unless-stopped",
        "labels": [{"label": key, "value": value} for key, value in labels.items()],
        "envs": ["TZ=UTC"],
        "user": "101:101",
        "readOnly": True,
        "capabilities": {"drops": ["ALL"]},
        "securityOpts": ["no-new-privileges:true"],
        "memory": 512,
        "ulimits": [{"name": "nofile", "soft": 32_768, "hard": 32_768}],
    }
    return _resource("docker:index/container:Container", name, properties, *needs)


def _resource(kind: str, name: str, properties: dict[str, Any], *needs: PolicyResource) -> PolicyResource:
    urn = f"urn:pulumi:prod::measured::{kind}::{name}"
    return PolicyResource(kind, properties, urn, name, _OPTIONS, None, None, list(needs), {})


_OPTIONS = PolicyResourceOptions(
    protect=False,
    ignore_changes=[],
    delete_before_replace=None,
    aliases=[],
    custom_timeouts=PolicyCustomTimeouts(0, 0, 0),
    additional_secret_outputs=[],
)


def judge(resources: list[PolicyResource]) -> tuple[float, list[str]]:
    """Ask every policy about the resources; return the seconds that took and what was reported.

    As the engine does, each resource goes through all resource policies, and the stack through all stack policies
    afterwards. What a policy is asked is made anew for each, as the SDK does; that is not the pack's time.
    """
    said: list[str] = []
    seconds = 0.0

    def report(message: str, _urn: str | None = None) -> None:
        said.append(message)

    def ask(policy: ResourceValidationPolicy | StackValidationPolicy, question: Any) -> None:
        nonlocal seconds
        began = time.perf_counter()
        with suppress(_NotApplicableError):
            policy.validate(question, report)
        seconds += time.perf_counter() - began

    listed = policies()
    for each in resources:
        for policy in listed:
            if isinstance(policy, ResourceValidationPolicy) and policy.has_validation():
                ask(
                    policy,
                    ResourceValidationArgs(each.resource_type, _proxied(each), each.urn, each.name, each.opts, None),
                )
    for policy in listed:
        if isinstance(policy, StackValidationPolicy):
            ask(policy, StackValidationArgs([_anew(each) for each in resources]))
    return seconds, said


def _anew(each: PolicyResource) -> PolicyResource:
    return PolicyResource(
        each.resource_type, _proxied(each), each.urn, each.name, each.opts, None, None, each.dependencies, {}
    )


def _proxied(each: PolicyResource) -> dict[str, Any]:
    return unknown_checking_proxy(copy.deepcopy(dict(each.props)))


if __name__ == "__main__":
    taken, reported = judge(list(stack(int(sys.argv[1]))))
    print(json.dumps({"seconds": taken, "reported": reported}))

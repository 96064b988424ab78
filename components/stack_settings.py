"""The settings of the stack that Pulumi runs, from its configuration."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import SecretStr

from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.settings import PROJECT, Prod, Sandbox, load


def stack_settings() -> Sandbox | Prod:
    """Read this stack's settings.

    Raises:
        pulumi.RunError: a value that is not accepted or an unknown key; the message names it. Nothing was created.
    """
    configured: dict[str, Any] = {**get_config_env(), **CONFIG.get()}
    own = {key.removeprefix(f"{PROJECT}:"): value for key, value in configured.items() if key.startswith(f"{PROJECT}:")}
    try:
        return load(own, where=f"Pulumi.{pulumi.get_stack()}.yaml")
    except (Problem, Unreadable) as problem:
        raise pulumi.RunError(str(problem)) from None


def arguments(settings: Sandbox | Prod) -> dict[str, Any]:
    """Return settings as a component takes them: what is set, by snake_case name, secrets as secret outputs."""
    return {
        name: pulumi.Output.secret(value.get_secret_value()) if isinstance(value, SecretStr) else value
        for name, value in settings
        if name != "target" and value is not None
    }

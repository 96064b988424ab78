"""A service of a rendered compose file, run with the docker client: compose itself is not to be had everywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ruamel.yaml import YAML

from demo.server import Server

Flags = Callable[[Any], list[str]]


def read(text: str) -> Any:
    """Return a compose file, with its ``$$`` read as compose reads them."""
    return _plain(YAML(typ="safe").load(text))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.replace("$$", "$") if isinstance(value, str) else value


def _each(flag: str) -> Flags:
    return lambda values: [f"{flag}={value}" for value in values]


def _one(flag: str) -> Flags:
    return lambda value: [f"{flag}={value}"]


def _health(value: Mapping[str, Any]) -> list[str]:
    rest = [f"--health-{key}={value[key]}" for key in ("interval", "timeout", "retries")]
    return [f"--health-cmd={value['test'][1]}", *rest]


def _logging(value: Mapping[str, Any]) -> list[str]:
    return [f"--log-driver={value['driver']}", *(f"--log-opt={key}={each}" for key, each in value["options"].items())]


FLAGS: dict[str, Flags] = {
    "labels": _each("--label"),
    "extra_hosts": _each("--add-host"),
    "restart": _one("--restart"),
    "healthcheck": _health,
    "stop_signal": _one("--stop-signal"),
    "stop_grace_period": lambda value: [f"--stop-timeout={value.removesuffix('s')}"],
    "user": _one("--user"),
    "read_only": lambda _: ["--read-only"],
    "tmpfs": _each("--tmpfs"),
    "cap_drop": _each("--cap-drop"),
    "security_opt": _each("--security-opt"),
    "sysctls": lambda value: [f"--sysctl={name}={each}" for name, each in value.items()],
    "ulimits": lambda value: [f"--ulimit={name}={each}" for name, each in value.items()],
    "mem_limit": _one("--memory"),
    "memswap_limit": _one("--memory-swap"),
    "logging": _logging,
}
"""What docker is told for each key of a service; one that is not here fails."""


@contextmanager
def running(server: Server, document: Any, name: str) -> Iterator[None]:
    """Run a service with all that it says until the block ends; the block begins when the container is healthy."""
    service = dict(document["services"][name])
    image, entrypoint, command = service.pop("image"), service.pop("entrypoint"), service.pop("command")
    flags = [f"--entrypoint={entrypoint[0]}"]
    for config in service.pop("configs"):
        file = server.layout.folder / f"config-{config['source']}"
        file.write_text(document["configs"][config["source"]]["content"])
        file.chmod(0o444)
        flags.append(f"--volume={file}:{config['target']}:ro")
    flags += [flag for key, value in service.items() for flag in FLAGS[key](value)]
    server.docker("run", "--detach", "--name", name, *flags, image, *entrypoint[1:], *command)
    try:
        until = time.monotonic() + 60
        while (state := server.docker("inspect", "--format", "{{.State.Health.Status}}", name).strip()) != "healthy":
            assert time.monotonic() < until, f"{state}: {server.docker('logs', name)}"
            time.sleep(0.2)
        yield
    finally:
        server.docker("rm", "--force", "--volumes", name)

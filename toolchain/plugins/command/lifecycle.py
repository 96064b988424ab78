"""What local and remote commands have in common: which command runs when, and what of its output is kept."""

from __future__ import annotations

import json
import secrets
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from toolchain.plugins.resource import Call, OperationError, Resource
from toolchain.plugins.values import Values

LOGGED: Mapping[str, frozenset[str]] = {
    "stdout": frozenset({"stdout"}),
    "stderr": frozenset({"stderr"}),
    "stdoutAndStderr": frozenset({"stdout", "stderr"}),
    "none": frozenset(),
}
"""The streams that each value of ``logging`` shows while the command runs."""


@dataclass
class Output:
    """What a command writes: kept by stream and in the order it came, shown line by line."""

    call: Call
    shown: frozenset[str]
    kept: dict[str, bytearray] = field(default_factory=lambda: {"stdout": bytearray(), "stderr": bytearray()})
    both: bytearray = field(default_factory=bytearray)
    unfinished: dict[str, bytes] = field(default_factory=dict)

    async def take(self, stream: str, data: bytes) -> None:
        """Take what came on a stream; ``b""`` at its end."""
        self.kept[stream] += data
        self.both += data
        if stream in self.shown:
            *lines, rest = (self.unfinished.pop(stream, b"") + data).split(b"\n")
            if data:
                self.unfinished[stream] = rest
            elif rest:
                lines.append(rest)
            for line in lines:
                await self.call.log(line.decode(errors="replace").removesuffix("\r"))

    def failure(self, reason: str, command: str) -> OperationError:
        """Return the error of a failed command, which embeds the command and all its output, as the original's does."""
        return OperationError(f"{reason}: running {json.dumps(command, ensure_ascii=False)}:\n{text(self.both)}")

    def result(self) -> Values:
        """Return the outputs ``stdout`` and ``stderr``, each without its last line's end."""
        return {stream: text(data).removesuffix("\n") for stream, data in self.kept.items()}


def text(data: bytes | bytearray) -> str:
    """Return bytes as text, whatever they are."""
    return data.decode(errors="replace")


def previous_output(inputs: Values, outputs: Values) -> dict[str, str]:
    """Return the variables that tell a command what the one before it wrote."""
    if inputs.get("addPreviousOutputInEnv") is False:
        return {}
    return {f"PULUMI_COMMAND_{name.upper()}": outputs[name] for name in ("stdout", "stderr") if outputs.get(name)}


class Command(Resource):
    """Runs ``create`` when created, ``update`` (else ``create``) when inputs change, ``delete`` when deleted."""

    async def create(self, call: Call, inputs: Values) -> tuple[str, Values]:
        """Run ``create``, if it is given."""
        outputs = await self._run_if(call, inputs.get("create"), inputs, {"stdout": "", "stderr": ""})
        return f"{call.name}{secrets.token_hex(4)}", outputs

    async def update(self, call: Call, id_: str, inputs: Values, old: Values) -> Values:  # noqa: ARG002
        """Run ``update``, else ``create``, with the new inputs and the previous output."""
        command = inputs.get("update")
        return await self._run_if(call, inputs.get("create") if command is None else command, inputs, self._kept(old))

    async def delete(self, call: Call, id_: str, old: Values) -> None:  # noqa: ARG002
        """Run ``delete``, if the state has one, with the inputs of the state."""
        await self._run_if(call, old.get("delete"), old, self._kept(old))

    @staticmethod
    def _kept(old: Values) -> Values:
        return {name: old[name] for name in ("stdout", "stderr", "assets", "archive") if name in old}

    async def _run_if(self, call: Call, command: str | None, inputs: Values, before: Values) -> Values:
        if command is None:
            return before
        shown = LOGGED[inputs.get("logging") or "stdoutAndStderr"]
        environment = {**(inputs.get("environment") or {}), **previous_output(inputs, before)}
        return {**before, **await self.run(Output(call, shown), command, inputs, environment)}

    @abstractmethod
    async def run(self, output: Output, command: str, inputs: Values, environment: Mapping[str, str]) -> Values:
        """Run ``command`` to its end with these variables on top; return the outputs.

        Raises:
            OperationError: it could not be started, or it ended with a status other than 0.
        """

"""What the engine may ask of a language host, answered for Python."""

from __future__ import annotations

import json
import os
import sys
import venv
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from toolchain.language_host.children import chunks, running
from toolchain.language_host.interpreter import HostError, Interpreter, chosen

BAIL = 32
"""The exit code with which the executor says that it has already told the user what is wrong."""

ANALYZER = "analyzer"
"""The engine's word for a policy pack."""


def interpreter_of(info: Any) -> Interpreter:
    """Return the Python for a ``ProgramInfo``."""
    return chosen(Path(info.root_directory), MessageToDict(info.options))


def entry_of(info: Any) -> Path:
    """Return the file or folder that a ``ProgramInfo`` says to run."""
    return Path(os.path.normpath(Path(info.program_directory) / (info.entry_point or ".")))


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The service. Code generation, packing and linking are left to the base class: "not implemented"."""

    def __init__(self, engine: str, version: str, executor: Path) -> None:
        """Take the engine's address, the SDK's version, and the path of ``pulumi-language-python-exec``."""
        self.engine = engine
        self.version = version
        self.executor = executor

    async def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002 (the names are the protocol's)
        """Learn the engine's address; nothing of it is needed before a program runs."""
        self.engine = request.engine_address or self.engine
        return language_pb2.LanguageHandshakeResponse()

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Tell the host's version: that of the SDK it is built on."""
        return plugin_pb2.PluginInfo(version=self.version)

    async def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Name the plugins that the program's installed packages need."""
        plugins = await self._or_abort(context, lambda: interpreter_of(request.info).plugins())
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(
                    name=name, kind="resource", version=plugin.get("version", ""), server=plugin.get("server", "")
                )
                for name, plugin in plugins.items()
            ]
        )

    async def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run a program to its end."""
        interpreter = await self._or_abort(context, lambda: interpreter_of(request.info))
        environment = interpreter.environment(os.environ) | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        options = {
            "monitor": request.monitor_address,
            "engine": self.engine,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "root_directory": request.info.root_directory,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
        }
        arguments = [f"--{key}={value}" for key, value in options.items() if value]
        command = [interpreter.python, "-u", self.executor, *arguments, entry_of(request.info), *request.args]
        async with running(command, request.pwd or None, environment) as process:
            code = await process.wait()
        if code == 0:
            return language_pb2.RunResponse()
        if code == BAIL:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}")

    async def RunPlugin(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """Run a policy pack or a plugin and pass on what it prints, until it ends or the engine has enough of it."""
        interpreter = await self._or_abort(context, lambda: interpreter_of(request.info))
        given = dict(variable.split("=", 1) for variable in request.env)
        environment = interpreter.environment(given or os.environ)
        entry = entry_of(request.info)
        if request.kind == ANALYZER:
            command = [interpreter.python, "-u", "-m", "pulumi.policy", *request.args, entry]
            cwd = request.info.program_directory
        else:
            command = [interpreter.python, "-u", entry, *request.args]
            cwd = request.pwd
        async with running(command, cwd, environment, PIPE) as process:
            async for stream, data in chunks(process):
                out = language_pb2.RunPluginResponse
                yield out(stdout=data) if stream == "stdout" else out(stderr=data)
            yield language_pb2.RunPluginResponse(exitcode=await process.wait())

    async def InstallDependencies(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """Make the virtual environment that the options name and install the program's requirements into it."""
        directory = Path(request.info.program_directory or request.directory)
        name = MessageToDict(request.info.options).get("virtualenv")
        if not name:
            text = "No virtualenv option: the packages are those of the Python on PATH, nothing to install.\n"
            yield language_pb2.InstallDependenciesResponse(stdout=text.encode())
            return
        virtualenv = Path(os.path.normpath(Path(request.info.root_directory) / name))
        if not (virtualenv / "bin" / "python").exists():
            yield language_pb2.InstallDependenciesResponse(stdout=f"Creating {virtualenv}\n".encode())
            venv.create(virtualenv, with_pip=True)
        if not (directory / "requirements.txt").is_file():
            return
        interpreter = await self._or_abort(context, lambda: interpreter_of(request.info))
        command = [interpreter.python, "-m", "pip", "install", "-r", "requirements.txt"]
        async with running(command, directory, interpreter.environment(os.environ), PIPE) as process:
            async for stream, data in chunks(process):
                yield language_pb2.InstallDependenciesResponse(**{stream: data})
            code = await process.wait()
        if code != 0:
            await context.abort(grpc.StatusCode.INTERNAL, f"pip install failed in {directory} with exit code {code}")

    async def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Ask nothing when a project is made."""
        return language_pb2.RuntimeOptionsResponse()

    async def Template(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Change nothing in a template."""
        return language_pb2.TemplateResponse()

    async def About(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Tell which Python runs the program."""
        interpreter = await self._or_abort(context, lambda: interpreter_of(request.info))
        version = await self._or_abort(context, interpreter.version)
        return language_pb2.AboutResponse(
            executable=str(interpreter.python),
            version=version,
            metadata={
                "language host": "Raven Realtime's stand-in for the official one",
                "host's Python": sys.executable,
            },
        )

    async def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: N802
        """List the installed packages."""
        packages = await self._or_abort(context, lambda: interpreter_of(request.info).packages())
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=version) for name, version in packages]
        )

    @staticmethod
    async def _or_abort(context: Any, ask: Callable[[], Any]) -> Any:
        """Return what ``ask()`` returns; a user's mistake becomes the call's error, without a traceback."""
        try:
            return ask()
        except HostError as error:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

"""The Python language host, by the real engine: programs, policy packs, component packages, and how they end."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.engine import Stack, project, throwaway
from toolchain import pulumi_home
from toolchain.places import VENV

OUR_PYTHON = {"name": "python", "options": {"virtualenv": str(VENV)}}

PROGRAM = """
import os, sys
import pulumi
config = pulumi.Config()
pulumi.export("word", config.require("word"))
pulumi.export("hidden", config.require_secret("hidden"))
pulumi.export("where", os.getcwd())
pulumi.export("python", sys.prefix)
pulumi.export("names", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
pulumi.export("root", pulumi.get_root_directory())
print("printed")
print("complained", file=sys.stderr)
pulumi.log.warn("warned")
"""


@pytest.mark.parametrize("runtime", ["python", OUR_PYTHON], ids=["python on PATH", "virtualenv"])
def test_runs_a_program(tmp_path: Path, runtime: object) -> None:
    stack = throwaway(tmp_path, PROGRAM, runtime=runtime)
    stack.set_config("word", "w")
    stack.set_config("hidden", "s3cret", "--secret")
    run = stack.up()
    assert stack.outputs() == {
        "word": "w",
        "hidden": "s3cret",
        "where": str(stack.folder),
        "python": str(VENV),
        "names": ["organization", "throwaway", "test"],
        "root": str(stack.folder),
    }
    assert "s3cret" not in run.text
    assert {"printed", "complained", "warned"} <= set(run.diagnostics())


ENDINGS = {
    "a user's mistake": ('raise pulumi.RunError("do this")', "do this", 0),
    "an exception": ('raise ValueError("odd")', "ValueError: odd", 1),
    "an exit code": ("import sys; sys.exit(3)", "Program exited with non-zero exit code: 3", 0),
    "no module": ("import no_such_module", "No module named 'no_such_module'", 1),
    "a missing plugin": (
        'pulumi.CustomResource("nosuch:index:Thing", "thing", {}, pulumi.ResourceOptions(version="1.0.0"))',
        "nosuch",
        0,
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_tells_how_a_program_failed(tmp_path: Path, ending: str) -> None:
    line, message, tracebacks = ENDINGS[ending]
    run = throwaway(tmp_path, f"import pulumi\n{line}\n").up(expect=1)
    said = "\n".join(run.diagnostics("error"))
    assert message in said + run.stderr
    assert said.count("Traceback") == tracebacks


OPTIONS = {
    "no virtual environment": ({"virtualenv": "venv"}, "is not a virtual environment. Run `pulumi install` there"),
    "another toolchain": ({"toolchain": "poetry"}, "toolchain is 'poetry'; this language host knows only 'pip'"),
    "an unknown option": ({"typechecker": "mypy"}, "runtime option 'typechecker' is not supported"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_refuses_options_by_name(tmp_path: Path, case: str) -> None:
    options, message = OPTIONS[case]
    stack = throwaway(tmp_path, "", runtime={"name": "python", "options": options})
    run = stack.up(expect=1)
    assert message in run.text
    assert "Traceback" not in run.text


def test_installs_into_the_virtual_environment_of_the_options(tmp_path: Path) -> None:
    stack = throwaway(tmp_path, "", runtime={"name": "python", "options": {"virtualenv": "venv"}})
    (stack.folder / "requirements.txt").write_text("# nothing\n")
    stack.pulumi("install", "--no-plugins")
    assert (stack.folder / "venv" / "bin" / "python").exists()


def test_names_the_plugins_a_program_needs(tmp_path: Path) -> None:
    stack = throwaway(tmp_path, "")
    listed = json.loads(stack.pulumi("plugin", "ls", "--project", "--json").stdout)
    needed = {(plugin["name"], plugin["version"]) for plugin in listed if plugin["kind"] == "resource"}
    assert needed >= {(name, pulumi_home.pinned_version(name)) for name in pulumi_home.substitutes()}


def test_tells_about_itself(tmp_path: Path) -> None:
    about = json.loads(throwaway(tmp_path, "").pulumi("about", "--json").stdout)
    assert about["runtime"]["language"] == "python"
    assert about["runtime"]["executable"] == str(VENV / "bin" / "python3")
    assert "pulumi_command" in {package["name"] for package in about["dependencies"]}


# Policy packs

PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def no_rm(args, report):
    if args.resource_type == "command:local:Command" and "rm " in args.props.get("create", ""):
        report("do not remove things")

PolicyPack("pack", policies=[ResourceValidationPolicy("no-rm", "no rm", no_rm, EnforcementLevel.MANDATORY)])
"""


@pytest.mark.parametrize(("command", "code"), [("rm thing", 1), ("true", 0)], ids=["violated", "kept"])
def test_runs_a_policy_pack(tmp_path: Path, command: str, code: int) -> None:
    program = f'from pulumi_command import local\nlocal.Command("it", create="{command}")\n'
    stack = throwaway(tmp_path, program)
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text(json.dumps({"runtime": OUR_PYTHON}))
    (pack / "__main__.py").write_text(PACK)
    run = stack.preview("--policy-pack", str(pack), expect=code)
    assert [violation["policyName"] for violation in run.policy_violations()] == ["no-rm"] * code
    assert "Traceback" not in run.text


# Component packages

COMPONENT = """
from typing import TypedDict
import pulumi
from pulumi.provider.experimental import component_provider_host
from pulumi_command import local

class GreetArgs(TypedDict):
    word: pulumi.Input[str]
    "What to say."

class Greet(pulumi.ComponentResource):
    "Says a word."
    said: pulumi.Output[str]
    "What was said."

    def __init__(self, name: str, args: GreetArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("greeting:index:Greet", name, {}, opts)
        command = local.Command(f"{name}-say", create="printf $WORD", environment={"WORD": args["word"]},
                                opts=pulumi.ResourceOptions(parent=self))
        self.said = command.stdout
        self.register_outputs({"said": self.said})

if __name__ == "__main__":
    component_provider_host(name="greeting", components=[Greet])
"""

USER = """
import pulumi

class Greet(pulumi.ComponentResource):
    said: pulumi.Output[str]
    def __init__(self, name, word):
        super().__init__("greeting:index:Greet", name, {"word": word, "said": None}, None, remote=True)

pulumi.export("said", Greet("hello", "hi").said)
"""


def test_serves_a_component_package(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "PulumiPlugin.yaml").write_text(json.dumps({"runtime": OUR_PYTHON}))
    (package / "__main__.py").write_text(COMPONENT)
    plugins = {"providers": [{"name": "greeting", "path": str(package)}]}
    stack = throwaway(tmp_path, USER, plugins=plugins)
    assert stack.up().operations() == {"hello": "create", "hello-say": "create"}
    assert stack.outputs() == {"said": "hi"}
    assert stack.up().operations() == {}
    schema = json.loads(stack.pulumi("package", "get-schema", str(package)).stdout)
    assert schema["resources"]["greeting:index:Greet"]["inputProperties"]["word"]["description"] == "What to say."


# Ending


def test_ctrl_c_ends_a_program_quietly(tmp_path: Path) -> None:
    started = tmp_path / "started"
    program = f"import pathlib, time\npathlib.Path({str(started)!r}).touch()\ntime.sleep(60)\n"
    stack = Stack(tmp_path / "state", project(tmp_path / "project", program))
    with stack.start("up", "--yes", "--skip-preview", "--non-interactive", "--stack", "test") as process:
        while not started.exists():
            assert process.poll() is None
            time.sleep(0.05)
        begun = time.monotonic()
        for _ in range(2):  # the first asks for a graceful end, and the program does not hear of it; the second insists
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(1)
        output, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert time.monotonic() - begun < 15
    for word in ("Traceback", "KeyboardInterrupt", "RpcError"):
        assert word not in output + errors

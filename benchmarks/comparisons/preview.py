"""`pulumi preview` of the production stack: with a policy pack that asks nothing, and with ours."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.comparison import Candidate, Comparison, Measure, Target
from raven_realtime.settings import PROJECT
from toolchain import engine, shell
from toolchain.places import PULUMI_HOME, ROOT

EMPTY = """\
from pulumi_policy import PolicyPack, StackValidationPolicy

PolicyPack("empty", policies=[StackValidationPolicy("nothing", "Nothing is asked.", lambda _stack, _report: None)])
"""
IMAGE = "docker.io/library/nginx@sha256:" + "0" * 64


@dataclass(frozen=True)
class Preview:
    """The production stack on a backend of its own, ready to be previewed with a pack."""

    scratch: Path
    environment: dict[str, str]
    pack: Path

    def pulumi(self, *arguments: str, folder: Path = ROOT) -> None:
        """Run ``pulumi``.

        Raises:
            RuntimeError: it failed; with what it said.
        """
        command = [str(engine.require().binary), *arguments, "--non-interactive"]
        done = subprocess.run(
            command,
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(
                f"`pulumi {' '.join(arguments)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )


def with_pack(pack: Callable[[Path], Path]) -> Callable[[Path], AbstractContextManager[Preview]]:
    """Prepare the production stack as Pulumi.prod.yaml describes it, without a Docker daemon."""

    @contextmanager
    def opened(folder: Path) -> Iterator[Preview]:
        given = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "DOCKER_"))}
        (folder / "home").mkdir()
        (folder / "home" / "plugins").symlink_to(PULUMI_HOME / "plugins")
        passphrase = {"PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(16), "PULUMI_BACKEND_URL": f"file://{folder}"}
        environment = {**given, **passphrase}
        environment |= shell.variables(engine.require(), environment, folder)
        environment["PULUMI_HOME"] = str(folder / "home")
        # making a stack writes into the configuration beside Pulumi.yaml
        project = folder / "project"
        project.mkdir()
        (project / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
        more = f"  {PROJECT}:image: {IMAGE}\n  docker:disableDockerDaemonCheck: true\n"
        (project / "Pulumi.prod.yaml").write_text((ROOT / "Pulumi.prod.yaml").read_text().rstrip() + "\n" + more)
        prepared = Preview(folder, environment, pack(folder))
        prepared.pulumi("stack", "init", "prod", "--no-select", folder=project)
        yield prepared

    return opened


def empty(folder: Path) -> Path:
    """Write a pack whose one policy asks nothing: the SDK takes none without."""
    made = folder / "empty"
    made.mkdir()
    (made / "PulumiPolicy.yaml").write_text((ROOT / "policies" / "PulumiPolicy.yaml").read_text())
    (made / "__main__.py").write_text(EMPTY)
    return made


def seconds(prepared: Preview, _size: float) -> float:
    """Return how long one preview takes."""
    config = prepared.scratch / "project" / "Pulumi.prod.yaml"
    began = time.perf_counter()
    prepared.pulumi(*("preview", "--stack", "prod", "--config-file", str(config), "--policy-pack", str(prepared.pack)))
    return time.perf_counter() - began


WITHOUT, WITH = "empty pack", "our pack"
COMPARISON = Comparison(
    name="preview",
    title="Previewing production with the policy pack",
    about=(
        "What our policies add to `pulumi preview --stack prod` of a stack that does not exist yet, Python's start "
        "included."
    ),
    candidates=(
        Candidate(WITHOUT, with_pack(empty), "a policy pack with one policy, which asks nothing"),
        Candidate(WITH, with_pack(lambda _folder: ROOT / "policies"), "every policy of ours"),
    ),
    measures=(
        Measure("seconds (less is better)", seconds, (Target(WITH, 1.3, more_is_better=False),), rounds=1, turns=5),
    ),
    rank=50,
)

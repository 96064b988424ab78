"""``make preview-report STACK=prod BASE=origin/main``: what the change between BASE and the working tree would do.

Both sides are previewed on throw-away backends with placeholder secrets and without a Docker daemon, so neither a
production secret nor the passphrase of anybody is needed or used, and no ``Pulumi.<stack>.yaml`` is written to
(docs/adr/). Exit code: 0 intact, 1 a finding that stops the change, 2 what the user can mend.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import secrets
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gate import gatekeeping
from raven_realtime.declared.preview.places import Source, read_config
from raven_realtime.declared.preview.plan import Plan, read_events
from raven_realtime.declared.preview.report import markdown, passes
from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.sandbox.survey import UNSEEN
from raven_realtime.settings import PROJECT
from toolchain import engine, shell
from toolchain.places import PULUMI_HOME, ROOT, VENV

TIMEOUT = 240.0
PLACEHOLDER = "placeholder-of-a-secret"
IMAGE = f"docker.io/library/nginx@sha256:{'0' * 64}"
"""Stands for an image where the repository names none: the digest is the operator's to choose."""
PROGRAMS = ("__main__.py", "components/*.py")
ELSEWHERE = "/project"
"""Stands for a side's folder in what it plans."""
NOT_OURS = ("encryptionsalt", "encryptedkey", "secretsprovider")
"""What binds a configuration to the user's passphrase or key service."""


@dataclass(frozen=True)
class Side:
    """One side of a change: where its files lie, and where ours may."""

    folder: Path
    scratch: Path
    stack: str

    @property
    def config_name(self) -> str:
        """The stack's configuration, as it is named in the repository."""
        return f"Pulumi.{self.stack}.yaml"

    def source(self) -> Source:
        """Read the files that a violation may come from."""
        programs = {
            str(file.relative_to(self.folder)): file.read_text(encoding="utf-8")
            for pattern in PROGRAMS
            for file in sorted(self.folder.glob(pattern))
        }
        return Source(self.config_name, read_config(self._config_text()), programs)

    def preview(self, *arguments: str) -> Plan:
        """Preview this side as a stack that does not exist yet.

        Raises:
            Problem: the configuration cannot be read, or the engine does not end in time.
        """
        config = self._throwaway_config()
        log = self.scratch / "events.jsonl"
        flags = ("--stack", self.stack, "--config-file", str(config), "--non-interactive")
        done = self._pulumi("preview", *flags, "--event-log", str(log), *arguments)
        told = log.read_text(encoding="utf-8") if log.exists() else ""
        lines = told.replace(str(self.folder), ELSEWHERE).splitlines()  # where a side lies is no difference
        plan = read_events(lines, failed=done.returncode != 0)
        if done.returncode != 0 and not plan.errors and not any(each.mandatory for each in plan.violations):
            return Plan(plan.resources, plan.violations, (done.stderr.strip() or done.stdout.strip(),))
        return plan

    def _throwaway_config(self) -> Path:
        """Write the stack's configuration for a stack of ours: its values, and placeholders for its secrets."""
        document = _document(self._config_text(), self.config_name)
        given = dict(document.get("config") or {})
        hidden = {key for key, value in given.items() if _has_secret(value)}
        plain = {key: value for key, value in given.items() if key not in hidden}
        plain["docker:disableDockerDaemonCheck"] = "true"
        if plain.get(f"{PROJECT}:target") == "prod":
            plain.setdefault(f"{PROJECT}:image", IMAGE)
        if f"{PROJECT}:sshKeyFile" in plain:
            key = self.scratch / "id"
            key.write_text(PLACEHOLDER)
            key.chmod(0o600)
            plain[f"{PROJECT}:sshKeyFile"] = str(key)
        project = self.scratch / "project"  # making a stack writes into the configuration beside Pulumi.yaml
        project.mkdir()
        (project / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
        file = project / self.config_name
        rest = {key: value for key, value in document.items() if key not in {"config", *NOT_OURS}}
        with file.open("w", encoding="utf-8") as opened:
            YAML(typ="safe").dump({**rest, "config": plain}, opened)
        self._require(project, "stack", "init", self.stack, "--no-select", "--non-interactive")
        for key in sorted(hidden):
            flags = ("--stack", self.stack, "--config-file", str(file), "--secret")
            self._require(project, "config", "set", *flags, key, PLACEHOLDER)
        return file

    def _config_text(self) -> str:
        file = self.folder / self.config_name
        if not file.is_file():
            raise Problem(f"{self.config_name}: there is no such stack in {self.folder.name}; name one with STACK=…")
        return file.read_text(encoding="utf-8")

    def _require(self, folder: Path, *arguments: str) -> None:
        done = self._pulumi(*arguments, folder=folder)
        if done.returncode != 0:
            raise Problem(f"pulumi {arguments[0]} {arguments[1]} failed:\n{done.stderr.strip()}")

    def _pulumi(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [str(engine.require().binary), *arguments],
                cwd=folder or self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Problem(f"pulumi {arguments[0]} did not end in {TIMEOUT:g} s.") from None

    def _environment(self) -> dict[str, str]:
        """Return our environment without what belongs to the user's stacks, server or account."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "DOCKER_", "RAVEN_"))}
        own = {
            "PULUMI_BACKEND_URL": f"file://{self.scratch}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.scratch / "passphrase"),
        }
        return {
            **kept,
            **own,
            **shell.variables(engine.require(), {**kept, **own}, self.scratch),
            "PULUMI_HOME": str(self.scratch / "home"),
            "PULUMI_DEBUG_COMMANDS": "true",
            UNSEEN: "yes",
            "PYTHONPATH": str(self.folder),
            "NO_COLOR": "1",
        }


def report(stack: str, base: str, repository: Path = ROOT) -> tuple[str, bool]:
    """Compare the working tree with a base; return the report and whether the change may be merged.

    Raises:
        Problem: no such base or stack, or a configuration that cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="preview-") as scratch:
        folder = Path(scratch)
        _extract(repository, base, folder / "base")
        sides = {"base": folder / "base", "head": repository}
        before, after = (_side(where, folder / f"{name}-state", stack) for name, where in sides.items())
        judged = _judged(before.folder, after.folder)
        with ThreadPoolExecutor(2) as pool:
            planned = pool.submit(_base, before)
            head = after.preview(*(word for pack in judged.packs for word in ("--policy-pack", str(pack))))
        old, source = planned.result()
        text = markdown(stack, old, head, source, after.source(), weakened=judged.remarks)
        return text, passes(head) and not judged.removed


@dataclass(frozen=True)
class _Judged:
    """By what a change is judged."""

    packs: tuple[Path, ...]
    removed: bool
    remarks: tuple[str, ...]


def _judged(base: Path, head: Path) -> _Judged:
    """Choose the packs: the head's own, and the base's as well where the change touches what judges it.

    Raises:
        Problem: neither side has a pack, so nothing would be judged.
    """
    had, has = gatekeeping.has_pack(base), gatekeeping.has_pack(head)
    if not had and not has:
        raise Problem(
            f"{gatekeeping.PACK}/: neither the base nor this change has a policy pack there: nothing would be judged."
        )
    judges = gatekeeping.changed(base, head, gatekeeping.JUDGES) if had else []
    packs = tuple(
        side / gatekeeping.PACK for side, wanted in ((head, has), (base, had and (judges or not has))) if wanted
    )
    both = bool(judges) and had and has
    levels = [_levels(side) if both else {} for side in (base, head)]
    runs = gatekeeping.changed(base, head, gatekeeping.RUNS)
    said = gatekeeping.remarks(judges, runs, removed=not has, before=levels[0], after=levels[1])
    return _Judged(packs, not has, tuple(said))


def _levels(folder: Path) -> dict[str, str]:
    """Return the level of each policy of a checkout's pack, as the pack itself says."""
    asked = "import json; from policies.pack import policies; "
    asked += "print(json.dumps({one.name: one.enforcement_level.value for one in policies()}))"
    command = [str(VENV / "bin" / "python"), "-c", asked]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Problem(f"{gatekeeping.PACK}/: the policy pack of this change or its base does not load: {said}.")
    return {str(name): str(level) for name, level in json.loads(done.stdout.splitlines()[-1]).items()}


def _base(side: Side) -> tuple[Plan, Source]:
    """Preview the base; one that lacks the stack, or cannot be read, is an empty plan that says so."""
    try:
        return side.preview(), side.source()
    except (Problem, Unreadable) as problem:
        return Plan((), (), (str(problem),)), Source(side.config_name)


def _side(folder: Path, scratch: Path, stack: str) -> Side:
    home = scratch / "home"
    home.mkdir(parents=True)
    (home / "plugins").symlink_to(PULUMI_HOME / "plugins")
    (scratch / "passphrase").write_text(secrets.token_urlsafe(16))
    if not (folder / ".venv").exists():
        (folder / ".venv").symlink_to(VENV)
    return Side(folder, scratch, stack)


def _extract(repository: Path, revision: str, into: Path) -> None:
    """Take the files of a revision out of git, leaving no trace in the repository."""
    command = ["git", "-C", str(repository), "archive", "--format=tar", revision, "--"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise Problem(f"BASE={revision}: git does not give it: {said}. Fetch it, or name another with BASE=…")
    try:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(into, filter="data")
    except tarfile.FilterError as error:
        raise Problem(f"BASE={revision}: {error}; remove it from the repository.") from None


def _document(text: str, name: str) -> Mapping[str, Any]:
    try:
        document = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise Problem(f"{name}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict) or not isinstance(document.get("config", {}), dict):
        raise Problem(f"{name}: a map `config` is accepted at its top.")
    return document


def _has_secret(value: Any) -> bool:
    """Tell whether a value is, or holds, something that Pulumi encrypted."""
    if isinstance(value, dict):
        return "secure" in value or any(map(_has_secret, value.values()))
    return isinstance(value, list) and any(map(_has_secret, value))


def main(words: list[str] | None = None) -> int:
    """Write the report; return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m gatekeeping.preview_report", description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--base", required=True, help="a branch, tag or commit")
    parser.add_argument("--into", default="-", help="a file for the report; standard output if left out")
    given = parser.parse_args(words)
    try:
        text, intact = report(given.stack, given.base)
    except (Problem, Unreadable) as problem:
        print(problem, file=sys.stderr)
        return 2
    if given.into == "-":
        print(text, end="")
    else:
        Path(given.into).write_text(text, encoding="utf-8")
    return 0 if intact else 1


if __name__ == "__main__":
    sys.exit(main())

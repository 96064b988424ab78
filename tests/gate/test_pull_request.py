"""A pull request, end to end: a repository with a base and branches, and the report on each by `make preview-report`.

The reports are made where there is no network but loopback, and no Docker daemon: nothing of either can be needed.
"""

from __future__ import annotations

import hashlib
import re
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from raven_realtime.ports import MULTIPLEXER_PORT
from tests.golden import hold
from tests.stacks.checkout import LINKED, Checkout, Ran, checkout
from tests.stacks.machine import without
from toolchain.places import ROOT

GOLDEN = Path(__file__).parent / "golden"
WORKFLOW = ROOT / ".github" / "workflows" / "preview.yml"
DAEMON = Path("/var/run/docker.sock")
"""Where a daemon is asked for that nothing else names."""
NO_CHECK = 'plain["docker:disableDockerDaemonCheck"] = "true"'
SANDBOX = """\
config:
  raven-realtime:target: sandbox
"""
ANOTHER_PORT = ("Pulumi.sandbox.yaml", "target: sandbox", "target: sandbox\n  raven-realtime:publicPort: 9443")
"""A change of the sandbox that breaks nothing."""
PAST = (
    "components/sandbox.py",
    'local_tunnel.Endpoint(port, f"127.0.0.1:{MULTIPLEXER_PORT}")',
    'local_tunnel.Endpoint(port, "127.0.0.1:8000")',
)
"""The tunnel leads to the web process: the page works, and /socket.io is a 404."""
SECRET = "v1:c2VjcmV0c2VjcmV0:bm90aGluZyB0aGF0IGFueWJvZHkgY2FuIHJlYWQ="
"""Something that the passphrase of another encrypted."""
CONFIG = f"""\
# The prod stack of the pull request's base.
encryptionsalt: v1:AAAAAAAAAAA=:v1:BBBB:CCCC
config:
  raven-realtime:target: prod
  raven-realtime:hosts:
    - v2.sysmayal.cloud
  raven-realtime:upstream: 172.17.0.1:9000
  raven-realtime:entrypoint: websecure
  raven-realtime:certResolver: myresolver
  raven-realtime:apiKey:
    secure: {SECRET}
  raven-realtime:apiSecret:
    secure: {SECRET}
"""
RIVAL = """
import pulumi_docker

pulumi_docker.Container(
    "greedy",
    image="docker.io/library/other@sha256:{digest}",
    labels=[
        {{"label": "traefik.enable", "value": "true"}},
        {{"label": "traefik.http.routers.greedy.rule", "value": "HostRegexp(`.+`)"}},
        {{"label": "traefik.http.routers.greedy.entrypoints", "value": "websecure"}},
        {{"label": "traefik.http.routers.greedy.tls.certresolver", "value": "myresolver"}},
        {{"label": "traefik.http.routers.greedy.priority", "value": "1000"}},
        {{"label": "traefik.http.services.greedy.loadbalancer.server.port", "value": "3000"}},
    ],
)
""".format(digest="1" * 64)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A repository of this project's files, its prod stack with a secret that nobody here can read."""
    made = checkout(tmp_path_factory.mktemp("pull") / "request")
    made.before = without(DAEMON) if DAEMON.exists() else ()
    made.environment["DOCKER_HOST"] = f"unix://{made.folder.parent}/no-daemon.sock"
    (made.folder / "Pulumi.prod.yaml").write_text(CONFIG)
    (made.folder / "Pulumi.sandbox.yaml").write_text(SANDBOX)
    git(made, "init", "--quiet", "--initial-branch", "main")
    linked = "".join(f"/{name}\n" for name in LINKED)
    (made.folder / ".git" / "info" / "exclude").write_text(linked)  # .gitignore names the folders, these are links
    commit(made, "base")
    return made


def git(made: Checkout, *arguments: str) -> None:
    identity = ("-c", "user.name=tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=made.folder, check=True, capture_output=True)


def commit(made: Checkout, message: str) -> None:
    git(made, "add", "--all")
    git(made, "commit", "--quiet", "--message", message)


def branch(made: Checkout, name: str, *changes: tuple[str, str, str], stack: str = "prod") -> Ran:
    """Make changes (file, old text, new text) on a branch, and have it reported as the workflow does."""
    git(made, "checkout", "--quiet", "--force", "-B", name, "main")
    for file, old, new in changes:
        path = made.folder / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))
        if not path.read_text():
            path.unlink()
    commit(made, name)
    before = fingerprint(made.folder)
    ran = report(made, STACK=stack, BASE="main")
    assert fingerprint(made.folder) == before
    return ran


def report(made: Checkout, **variables: str) -> Ran:
    """Run the Report step of the workflow, its own text, as a runner does; its report is what it printed."""
    steps = YAML(typ="safe").load(WORKFLOW.read_text())["jobs"]["report"]["steps"]
    step = next(one["run"] for one in steps if one.get("name") == "Report")
    written = made.folder / "report.md"
    ran = made.run("bash", "-e", "-o", "pipefail", "-c", step, environment=variables, expect=None)
    text = written.read_text() if written.exists() else ""
    written.unlink(missing_ok=True)
    return Ran(ran.code, text, ran.stdout + ran.stderr)


def fingerprint(folder: Path) -> dict[str, str]:
    """Return the hash of everything that git holds, and whether anything else came up."""
    shown = subprocess.run(["git", "status", "--porcelain"], cwd=folder, check=True, capture_output=True, text=True)
    held = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("Pulumi*.yaml")}
    return {**held, "status": shown.stdout}


def steady(text: str) -> str:
    """Take out what changes with every line of the component and its nginx: the generation's digest, hashes, lines."""
    hashed = re.sub(r"\b[0-9a-f]{64}\b", "<sha256>", re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,12}\b", "<hash>", text))
    return re.sub(r"(?:(?<=stdin:)|(?<=nginx:))\d+", "<line>", hashed)


@pytest.mark.parametrize(
    ("name", "file", "change", "seen"),
    [
        pytest.param(
            "second_router",
            "__main__.py",
            ("settings = stack_settings()", f"{RIVAL}\nsettings = stack_settings()"),
            ("RT005", "__main__.py:", "greedy@docker"),
            id="a second router by HostRegexp, of a higher priority",
        ),
        pytest.param(
            "port_9001",
            "Pulumi.prod.yaml",
            ("172.17.0.1:9000", "172.17.0.1:9001"),
            ("Pulumi.prod.yaml (raven-realtime:upstream):7",),
            id="9001",
        ),
    ],
)
def test_a_breaking_change_is_named(
    repository: Checkout, name: str, file: str, change: tuple[str, str], seen: tuple[str, ...]
) -> None:
    ran = branch(repository, name, (file, *change))
    assert ran.code != 0
    assert "❌ **This change breaks the realtime path" in ran.stdout, ran.text
    assert all(one in ran.stdout for one in seen), ran.stdout
    assert SECRET not in ran.text
    hold(GOLDEN / f"{name}.md", steady(ran.stdout))


def test_a_healthy_change_passes(repository: Checkout) -> None:
    ran = branch(repository, "healthy", ("Pulumi.prod.yaml", "certResolver: myresolver", "certResolver: letsencrypt"))
    assert ran.code == 0, ran.text
    hold(GOLDEN / "healthy.md", steady(ran.stdout))


def test_a_healthy_change_of_the_sandbox_passes_whatever_runs_where_it_is_judged(repository: Checkout) -> None:
    with closing(socket.create_server(("127.0.0.1", MULTIPLEXER_PORT))), closing(socket.create_server(("", 9443))):
        ran = branch(repository, "sandbox", ANOTHER_PORT, stack="sandbox")
    assert ran.code == 0, ran.text
    hold(GOLDEN / "sandbox_healthy.md", steady(ran.stdout))


def test_a_tunnel_past_the_multiplexer_is_named(repository: Checkout) -> None:
    ran = branch(repository, "past", PAST, stack="sandbox")
    assert ran.code != 0, ran.text
    assert "❌ **This change breaks the realtime path" in ran.stdout, ran.text
    hold(GOLDEN / "sandbox_past.md", steady(ran.stdout))


NO_PACK = ("policies/PulumiPolicy.yaml", (ROOT / "policies/PulumiPolicy.yaml").read_text(), "")
LOWERED = ("policies/pack.py", "ADVISORY if advises else EnforcementLevel.MANDATORY", "ADVISORY")
SILENCED = (
    "policies/pack.py",
    "    return [*found, *(policy(rule, told) for rule in rules().values())]",
    "    return found",
)
PORT = ("Pulumi.prod.yaml", "172.17.0.1:9000", "172.17.0.1:9001")


@pytest.mark.parametrize(
    ("name", "changes", "seen"),
    [
        pytest.param("unpacked", [NO_PACK, PORT], ["The policy pack is removed", "RT"], id="the pack removed"),
        pytest.param("lowered", [LOWERED, PORT], ["from mandatory to advisory", "RT"], id="levels lowered"),
        pytest.param("silenced", [SILENCED, PORT], ["(mandatory) is removed", "RT"], id="policies removed"),
    ],
)
def test_a_change_does_not_switch_its_own_gate_off(
    repository: Checkout, name: str, changes: list[tuple[str, str, str]], seen: list[str]
) -> None:
    ran = branch(repository, name, *changes)
    assert ran.code != 0, ran.text
    assert "✅" not in ran.stdout
    assert "### The gate itself" in ran.stdout
    assert all(one in ran.stdout for one in seen), ran.stdout
    assert "#### ❌ RT" in ran.stdout, "the base's pack has to judge: " + ran.text


def test_what_runs_the_report_is_pointed_out_when_it_changes(repository: Checkout) -> None:
    ran = branch(repository, "runs", ("Makefile", ".DEFAULT_GOAL := help", "# mine\n.DEFAULT_GOAL := help"))
    assert ran.code == 0, ran.text
    assert "What runs this report is changed: `Makefile`" in ran.stdout


def test_a_daemon_that_is_asked_would_be_missed(repository: Checkout) -> None:
    """So the reports above have asked none: the same, with the docker provider's question for it, is no preview."""
    ran = branch(repository, "asks", ("gate/preview_report.py", NO_CHECK, NO_CHECK.replace("true", "false")))
    assert ran.code != 0
    assert "the Docker daemon" in ran.stdout, ran.text


def test_a_stack_that_is_taken_away_is_refused(repository: Checkout) -> None:
    ran = branch(repository, "gone", ("Pulumi.prod.yaml", CONFIG, ""))
    assert ran.code != 0, ran.text
    assert "Pulumi.prod.yaml: there is no such stack" in ran.text


def test_a_change_that_cannot_be_previewed_says_why(repository: Checkout) -> None:
    ran = branch(repository, "misspelt", ("Pulumi.prod.yaml", "certResolver:", "certResolvr:"))
    assert ran.code != 0
    assert "raven-realtime:certResolvr in Pulumi.prod.yaml is not a known key" in ran.stdout


@pytest.mark.parametrize(
    ("stack", "base", "message"),
    [
        pytest.param("prod", "no-such-branch", "BASE=no-such-branch: git does not give it", id="base"),
        pytest.param("staging", "main", "Pulumi.staging.yaml: there is no such stack", id="stack"),
    ],
)
def test_what_is_refused(repository: Checkout, stack: str, base: str, message: str) -> None:
    ran = repository.run("make", "preview-report", f"STACK={stack}", f"BASE={base}", expect=2)
    assert message in ran.stderr

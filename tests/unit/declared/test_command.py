"""`raven-realtime lint`: formats, exit codes, and what it says about input that cannot be judged."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from raven_realtime.cli import app, mount
from tests.policies.cases import ROOT
from tests.policies.declared import COMMAND, Declared, as_resources, prod, text

HERE = Path(__file__).parent
APP = mount(app, "lint")
SEED = (HERE / "seed.conf").read_text()
SCHEMA: dict[str, Any] = json.loads((HERE / "sarif-2.1.0.schema.json").read_text())


def lint(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(APP, ["lint", *arguments], input=given, env={"COLUMNS": "200"})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to lint in, so that places are relative; with the seed's configuration as written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nginx.conf").write_text(SEED)
    return tmp_path


@pytest.mark.usefixtures("here")
def test_the_seeds_configuration_is_reported_for_what_it_lacks() -> None:
    found = json.loads(lint("nginx.conf", "--app", "frappe", "-o", "json").stdout)["findings"]
    assert {each["code"]: each["line"] for each in found} == {
        "RT008": 11,  # no Origin
        "RT009": 11,  # no site
        "RT011": 19,  # $scheme
        "RT029": 1,  # 1024 connections
        "RT115": 11,  # /socket.io redirected to http
    }


@pytest.mark.usefixtures("here")
def test_sarif_is_valid() -> None:
    log = json.loads(lint("nginx.conf", "missing.conf", "-o", "sarif").stdout)
    jsonschema.Draft7Validator(SCHEMA).validate(log)
    assert log["runs"][0]["results"]
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_the_schema_can_refuse() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"version": "2.1.0", "runs": [{"tool": {}, "results": []}]}, SCHEMA)


def test_a_state_from_standard_input(here: Path) -> None:
    broken = text("proxy_set_header Host $host;", "")(prod())
    listed = [
        {"type": each.type, "urn": each.urn, "inputs": each.properties, "dependencies": list(each.needs)}
        for each in as_resources(broken)
    ]
    result = lint("-", "-o", "json", given=json.dumps({"version": 3, "deployment": {"resources": listed}}))
    assert (result.exit_code, [each["code"] for each in json.loads(result.stdout)["findings"]]) == (1, ["RT008"])


def test_a_states_plain_variable_is_reported_and_its_secret_one_is_not() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
    properties = {"create": "deploy", "environment": {"API_SECRET": secret, "AUTH_TOKEN": "hunter2", "HOST": "a"}}
    (found,) = as_resources([Declared(COMMAND, "deploy", properties)])
    state = {"deployment": {"resources": [{"type": found.type, "urn": found.urn, "inputs": properties}]}}
    result = lint("-", "-o", "json", given=json.dumps(state))
    told = [(each["code"], each["evidence"]) for each in json.loads(result.stdout)["findings"]]
    assert told == [("RT110", "the variable AUTH_TOKEN of a command holds a secret (not shown)")]
    assert "hunter2" not in result.output


def test_an_include_that_is_not_there_is_said_and_the_rest_is_judged(here: Path) -> None:
    sent = "proxy_http_version 1.1; proxy_set_header Host $host; proxy_pass http://127.0.0.1:3000;"
    (here / "site.conf").write_text(
        "server {\n listen 443 ssl;\n server_name io.example.com;\n include options-ssl-nginx.conf;\n"
        f" location /socket.io/ {{ {sent} }}\n location / {{\n  include none.conf;\n {sent} }}\n}}\n"
    )
    result = lint("site.conf", "-o", "json")
    found = {each["code"]: each for each in json.loads(result.stdout)["findings"] if each["code"] in {"RT025", "RT116"}}
    assert {code: (each["level"], each["line"]) for code, each in found.items()} == {
        "RT025": ("error", 5),
        "RT116": ("note", 7),
    }
    assert "include none.conf at site.conf:7 is not here to be read" in found["RT116"]["evidence"]


def test_a_plain_value_of_a_secret_key_is_reported_and_not_shown(here: Path) -> None:
    (here / "Pulumi.yaml").write_text("name: a\nconfig:\n  pin: {type: string, secret: true}\n  host: {type: string}\n")
    plain = "config:\n  a:host: chat.example.com\n  a:pin: hunter2\n  a:ngrokAuthtoken: hunter2\n"
    plain += "  a:encryption_key: hunter2\n"
    (here / "Pulumi.prod.yaml").write_text(plain + "  a:apiKey:\n    secure: AAABAxyz\n  a:capacity: 500\n")
    result = lint("Pulumi.prod.yaml", "-o", "json")
    found = [(each["code"], each["line"]) for each in json.loads(result.stdout)["findings"]]
    assert (result.exit_code, found) == (1, [("RT110", 3), ("RT110", 4), ("RT110", 5)])
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.conf", b"", "empty.conf: the file holds no nginx directive"),
        ("open.conf", b"http {\n server {\n", "open.conf:2: the block of 'server' is never closed"),
        ("loop.conf", b"http {\n include loop.conf;\n}\n", "loop.conf:2: include loop.conf: the file includes itself"),
        ("binary.conf", b"\x00\x01\x02", "binary.conf is not an nginx configuration: it is a binary file"),
        ("binary.yml", b"\xff\xfe\x00\x80", "binary.yml:1: the file is not text in UTF-8"),
        ("empty.yml", b"", "empty.yml: the file is empty"),
        ("list.yml", b"a: [1,\nb: 2\n", "list.yml:2: the file is not YAML"),
        ("huge.yml", b"a: " + b"x" * 600_000, "huge.yml: the file has 600003 bytes"),
        ("deep.yml", b"[" * 5000, "deep.yml"),
        ("bomb.yml", b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
            b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % ((c + 1,) * 2 + (c,) * 9) for c in range(97, 106)
        ) + b"services: *j\n", "bomb.yml:"),
        ("labels.yml", b"services:\n  a:\n    labels: traefik.enable=true\n", "labels.yml:3: labels are a list of"),
        ("replicas.yml", b"services:\n  a:\n    scale: many\n", "replicas.yml:3: replicas is 'many'"),
        ("other.yml", b"a: 1\n", "other.yml: nothing that is judged. Accepted: compose files"),
        ("state.json", b"{}", "state.json: an exported state holds deployment.resources"),
        ("broken.json", b"{\n1", "broken.json:2: the file is not JSON"),
        ("ngrok.yml", b"tunnels:\n  a: {addr: 'http://[', proto: http}\n", "ngrok.yml:2: 'http://[' is no address"),
    ],
)  # fmt: skip
def test_bad_input_is_said_with_its_place(name: str, content: bytes, said: str, here: Path) -> None:
    (here / name).write_bytes(content)
    result = lint(name)
    assert result.exit_code == 2
    assert said in result.stderr.replace(str(here) + "/", "")
    assert "Traceback" not in result.output
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    ("rule", "label", "said", "code"),
    [
        ("Host(`a`", "", "RT104", 1),
        ("PathRegexp(`(`) && PathPrefix(`/socket.io`)", "", "RT104", 1),
        ("Host(`a`) && PathPrefix(`/socket.io`)", "traefik.http.routers.r.priority=high", "RT104", 1),
        ("PathPrefix(`/socket.io`) && HostRegexp(`" + "(a*)*" * 50 + "`)", "", "", 0),
    ],
    ids=["unclosed", "broken pattern", "wrong type", "pathological pattern"],
)
def test_what_traefik_refuses_is_a_finding_with_its_line(
    rule: str, label: str, said: str, code: int, here: Path
) -> None:
    lines = ["services:", "  a:", "    labels:", f"      - traefik.http.routers.r.rule={rule}"]
    (here / "compose.yml").write_text("\n".join([*lines, *([f"      - {label}"] if label else []), ""]))
    began = time.monotonic()
    result = lint("compose.yml")
    assert time.monotonic() - began < 10
    assert result.exit_code == code
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert said in result.stdout
    assert not said or f"compose.yml:{4 + bool(label)}" in result.stdout


@pytest.mark.large
def test_a_large_configuration_is_judged_in_bounded_time(here: Path) -> None:
    location = "location /socket.io/ { proxy_pass http://127.0.0.1:9000; }"
    server = f"server {{ listen 80; server_name s%d.example.com; {location} }}\n"
    (here / "large.conf").write_text("".join(server % number for number in range(3000)))
    began = time.process_time()
    result = lint("large.conf", "-o", "json")
    assert result.exit_code == 1
    assert time.process_time() - began < 15, "takes 2 s, and in proportion to the servers"


LIMITED = """
import resource
import sys
from raven_realtime.cli import app, mount
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
mount(app, "lint")(["lint", *sys.argv[1:]])
"""
"""`lint` with 1 GiB of address space and 60 s of processor time: it takes a sixth and a tenth of that."""


@pytest.mark.large
def test_five_megabytes_are_judged_in_bounded_time_and_memory(here: Path) -> None:
    location = "location /app%06d/ { proxy_pass http://127.0.0.1:8000; proxy_set_header Host $host; }\n"
    inner = "".join(location % number for number in range(5_000_000 // len(location)))
    realtime = "location /socket.io/ { proxy_pass http://127.0.0.1:9001; }\n"
    (here / "huge.conf").write_text(f"server {{\nlisten 80;\n{inner}{realtime}}}\n")
    line = [sys.executable, "-c", LIMITED, "huge.conf", "-o", "json"]
    ran = subprocess.run(line, cwd=here, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stderr
    assert "RT025" in {each["code"] for each in json.loads(ran.stdout)["findings"]}


def test_unreadable_files_do_not_hide_findings(here: Path) -> None:
    result = lint("nginx.conf", "--app", "frappe", "absent.conf")
    assert result.exit_code == 2
    assert "RT008" in result.stdout
    assert "absent.conf: the file cannot be read" in result.stderr


FRONTEND = "services:\n  frontend:\n    image: frappe/erpnext:v16.0.0\n    command: nginx-entrypoint.sh\n"
REQUIRED = "services:\n  frontend:\n    labels: ['traefik.http.routers.${ROUTER:?ROUTER not set}.entrypoints=web']\n"
HEADERS = "add_header X-Frame-Options SAMEORIGIN always;\n"


def test_what_lies_in_a_folder_and_cannot_be_read_is_a_note(here: Path) -> None:
    """An override that nobody may use, beside the project's own file; and a part of nginx's that leads nowhere."""
    folder = here / "stack"
    (folder / "overrides").mkdir(parents=True)
    (folder / "compose.yaml").write_text(FRONTEND)
    (folder / "overrides" / "multi.yaml").write_text(REQUIRED)
    (folder / "security_headers.conf").write_text(HEADERS)
    result = lint("stack", "-o", "json")
    assert result.exit_code == 0, result.output
    (note,) = json.loads(result.stdout)["findings"]
    assert (note["code"], note["level"]) == ("RT116", "note")
    assert "overrides/multi.yaml:3: the variable ROUTER is required and not set" in note["evidence"]


@pytest.mark.parametrize("name", ["stack", "stack/compose.yaml"], ids=["its folder", "the file"])
def test_the_projects_own_file_has_to_be_readable(name: str, here: Path) -> None:
    (here / "stack").mkdir()
    (here / "stack" / "compose.yaml").write_text(FRONTEND + "    labels: ['traefik.enable=${OPEN:?}']\n")
    result = lint(name)
    assert result.exit_code == 2
    assert "compose.yaml:5: the variable OPEN is required and not set" in result.stderr

"""Living with findings, from a user's seat: the project's file, ignores, the baseline, levels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from raven_realtime.declared.keeping import project_file
from tests.policies.cases import ROOT
from tests.unit.declared.seat import lint

NGINX = """\
server {
    listen 80;
    server_name chat.example.com;
    location /socket.io/ {
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_set_header Host $host;
        proxy_read_timeout 60s;
        proxy_send_timeout 86400;
        proxy_buffering off;
        proxy_pass http://127.0.0.1:3000;
    }
}
"""
"""One note: RT107 on line 9."""
COMPOSE = """\
services:
  traefik: {{image: "traefik:v3.6"}}
  app:
    image: example/app:1
    labels:
      - traefik.http.routers.r.rule=Host(`a`  # {0}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nginx.conf").write_text(NGINX)
    return tmp_path


def codes(*arguments: str, given: str = "") -> list[str]:
    """Return the codes that are reported, each with its level."""
    found = json.loads(lint(*arguments, "-o", "json", given=given).out)["findings"]
    return sorted(f"{each['code']} {each['level']}" for each in found)


def test_without_a_word_there_is_one_note(here: Path) -> None:
    assert codes("nginx.conf") == ["RT107 note"]
    assert lint("nginx.conf").code == 0


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('[rules]\nRT107 = "off"\n', []),
        ('[rules]\ntimeout-of-a-day = "off"\n', []),
        ('[rules]\nRT107 = "error"\n', ["RT107 error"]),
        ('[rules]\nRT107 = {level = "warning", seconds = 61}\n', ["RT107 warning"]),
        ("[rules.timeout-of-a-day]\nseconds = 50\n", []),
        ('app = "frappe"\n[rules]\nRT018 = "off"\n', ["RT008 error", "RT009 note", "RT107 note"]),
        ('[[ignore]]\ncodes = ["RT107"]\npaths = ["*.conf"]\nreason = "behind a tunnel"\n', []),
        ('[[ignore]]\ncodes = ["RT107"]\npaths = ["nginx.conf"]\n', ["RT120 note"]),
        ('[[ignore]]\ncodes = ["RT112"]\npaths = ["nginx.conf"]\nreason = "x"\n', ["RT107 note", "RT120 note"]),
        ('[[ignore]]\ncodes = ["RT107"]\npaths = ["elsewhere/*"]\nreason = "x"\n', ["RT107 note"]),
    ],
)  # fmt: skip
def test_the_projects_file_is_found_upwards(here: Path, said: str, found: list[str]) -> None:
    inner = here / "deploy" / "web"
    inner.mkdir(parents=True)
    (here / "nginx.conf").rename(inner / "nginx.conf")
    (here / "raven-realtime.toml").write_text(said.replace('["nginx.conf"]', '["deploy/web/nginx.conf"]'))
    assert sorted(codes("deploy/web/nginx.conf")) == sorted(found)
    (here / "raven-realtime.toml").unlink()
    tables = said.replace("[rules", "[tool.raven-realtime.rules").replace("[[ignore", "[[tool.raven-realtime.ignore")
    top = "[tool.raven-realtime]\n" if said.startswith("app") else ""
    whole = f'[project]\nname = "x"\n{top}{tables}'.replace('["nginx.conf"]', '["deploy/web/nginx.conf"]')
    (here / "pyproject.toml").write_text(whole)
    assert sorted(codes("deploy")) == sorted(found), whole


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ('exlude = ["a"]\n', "raven-realtime.toml:1: the key `exlude` is not known. Did you mean `exclude`?"),
        ('app = "frape"\n', "raven-realtime.toml:1: app is 'frape'. Input should be 'frappe' or 'socketio'."),
        ('\n[rules]\nRT1070 = "off"\n', "raven-realtime.toml:3: the rule `RT1070` is not known. Did you mean `RT107`?"),
        ('[rules]\ntimeout-of-day = "off"\n', "raven-realtime.toml:2: the rule `timeout-of-day` is not known. Did you"),
        ('[rules]\nRT107 = "of"\n', "raven-realtime.toml:2: rules.RT107 is 'of'. Accepted: off, on, note, warning,"),
        ("[rules.RT107]\nsecond = 5\n", "raven-realtime.toml:2: the key `second` is not known. Did you mean `sec"),
        ('[rules.RT107]\nseconds = "5"\n', "raven-realtime.toml:2: seconds of timeout-of-a-day is '5'. Accepted: a w"),
        ('[versions]\ntraefic = "3"\n', "raven-realtime.toml:2: the key `traefic` is not known. Did you mean `traef"),
        ('[[ignore]]\ncodes = ["RT107"]\npath = ["a"]\n', "raven-realtime.toml:1: `paths` is missing in `ignore.0`."),
        ('[[ignore]]\ncodes = ["RT777"]\npaths = ["a"]\n', "raven-realtime.toml:2: the rule `RT777` is not known."),
        ("rules = 3\n[\n", "raven-realtime.toml: the file is not TOML"),
    ],
)  # fmt: skip
def test_what_is_not_known_in_it_is_refused_with_its_place(here: Path, said: str, answer: str) -> None:
    (here / "raven-realtime.toml").write_text(said)
    ran = lint("nginx.conf")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(answer)


def test_a_tools_pyproject_without_our_table_is_none_of_ours(here: Path) -> None:
    (here / "pyproject.toml").write_text("[tool.other]\nx = [\n")
    assert codes("nginx.conf") == ["RT107 note"]


def test_the_schema_is_in_step_and_judges_as_the_reader_does() -> None:
    schema = project_file.schema()
    assert json.loads((ROOT / project_file.SCHEMA).read_text()) == schema
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    good: dict[str, Any] = {
        "app": "frappe",
        "fail-on": "warning",
        "exclude": ["a"],
        "rules": {"RT107": {"level": "off", "seconds": 5}},
    }
    good |= {"ignore": [{"codes": ["RT107"], "paths": ["a"], "reason": "b"}], "versions": {"traefik": "2.11"}}
    assert list(validator.iter_errors(good)) == []
    refused: list[dict[str, Any]] = [
        {"exlude": []},
        {"rules": {"RT777": "off"}},
        {"rules": {"RT107": "of"}},
        {"app": "x"},
    ]
    for wrong in refused:
        assert list(validator.iter_errors(wrong)) != [], wrong


def test_excluded_files_are_not_read(here: Path) -> None:
    (here / "old").mkdir()
    (here / "nginx.conf").rename(here / "old" / "nginx.conf")
    (here / "raven-realtime.toml").write_text('exclude = ["old/**"]\n')
    assert codes(".") == []
    (here / "raven-realtime.toml").write_text("")
    assert codes(".") == ["RT107 note"]


def test_a_version_that_no_image_names(here: Path) -> None:
    label = "traefik.http.routers.r.rule=Host(`a`,`b`) && PathPrefix(`/socket.io`)"
    (here / "compose.yml").write_text(f"services:\n  app:\n    image: example/app\n    labels: ['{label}']\n")
    assert "RT104 error" in codes("compose.yml")
    (here / "raven-realtime.toml").write_text('[versions]\ntraefik = "2.11"\n')
    assert "RT104 error" not in codes("compose.yml")


COMMENTS = [
    ("# raven-realtime: ignore RT107 -- behind a tunnel", []),
    ("# raven-realtime: ignore timeout-of-a-day, RT107 — behind a tunnel", []),
    ("# raven-realtime: ignore RT107", ["RT120 note"]),
    ("# raven-realtime: ignore RT112 -- x", ["RT107 note", "RT120 note"]),
    ("# raven-realtime: ignore RT777 -- x", ["RT107 note", "RT120 note"]),
    ("# raven-realtime: ignore -- x", ["RT107 note", "RT120 note"]),
    ("# raven-realtime: ignored", ["RT107 note"]),
]


@pytest.mark.parametrize(("comment", "found"), COMMENTS)
def test_a_comment_ignores_on_its_line_or_the_next(here: Path, comment: str, found: list[str]) -> None:
    line = "        proxy_read_timeout 60s;\n"
    for text in (f"        {comment}\n        # and a word\n{line}", line.replace("\n", f"  {comment}\n")):
        (here / "nginx.conf").write_text(NGINX.replace(line, text))
        assert codes("nginx.conf") == found, text


CADDY = "app.example.net {\n\tforward_auth sso:9091 {\n\t\turi /auth\n\t}\n\treverse_proxy app:8081\n}\n"
HAPROXY = """\
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend web
    bind :80
    default_backend app
backend app
    server a 127.0.0.1:3000
"""
APACHE = "<VirtualHost *:80>\nServerName a.example.com\nProxyPass /socket.io/ http://127.0.0.1:3000/socket.io/\n</VirtualHost>\n"
TRAEFIK = """\
[http.routers.r]
rule = "Host(`a.example.com`) && PathPrefix(`/socket.io`"
service = "s"
[http.services.s.loadBalancer]
servers = [{url = "http://127.0.0.1:3000"}]
"""
OTHERS = {
    "Caddyfile": CADDY,
    "haproxy.cfg": HAPROXY,
    "httpd.conf": APACHE,
    "compose.yml": COMPOSE.format("x"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_every_syntax_has_its_comments(here: Path, name: str) -> None:
    (here / "nginx.conf").unlink()
    (here / name).write_text(OTHERS[name])
    first = json.loads(lint(name, "-o", "json").out)["findings"]
    assert first
    assert all(each["line"] for each in first), first
    lines = OTHERS[name].split("\n")
    at = {each["line"] for each in first}
    for line in sorted(at, reverse=True):
        said = ", ".join({each["code"] for each in first if each["line"] == line})
        indented = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
        lines.insert(line - 1, f"{indented}# raven-realtime: ignore {said} -- as we want it")
    (here / name).write_text("\n".join(lines))
    document = json.loads(lint(name, "-o", "json").out)
    assert (document["findings"], document["problems"]) == ([], [])
    assert {each["reason"] for each in document["ignored"]} == {"as we want it"}


def test_what_is_not_asked_for_is_not_idle(here: Path) -> None:
    (here / "nginx.conf").write_text(NGINX.replace("60s;", "60s; # raven-realtime: ignore RT107 -- x"))
    assert codes("nginx.conf", "--skip", "RT107") == []
    assert codes("nginx.conf", "--only", "RT112") == []
    (here / "raven-realtime.toml").write_text('[rules]\nRT107 = "off"\n')
    assert codes("nginx.conf") == []


def test_a_baseline_lets_only_what_is_new_fail(here: Path) -> None:
    ran = lint("nginx.conf", "--fail-on", "note", "--baseline", "known.json", "--write-baseline")
    assert (ran.code, ran.out) == (0, "known.json: 1 finding. From now on only new ones count.\n")
    asked = ("nginx.conf", "--fail-on", "note", "--baseline", "known.json")
    assert lint(*asked).code == 0
    assert "1 in the baseline\nnothing new" in lint(*asked).out
    (here / "nginx.conf").write_text("# a line\n\n# and more\n" + NGINX)
    assert lint(*asked).code == 0, "a line's number is no part of a finding"
    (here / "nginx.conf").write_text(NGINX.replace("buffering off", "buffering on"))
    ran = lint(*asked)
    assert ran.code == 1
    assert "RT112" in ran.out
    assert "RT107" not in ran.out
    (here / "nginx.conf").write_text(NGINX.replace("60s", "86400"))
    assert "1 of the baseline not found any more" in lint(*asked).out


def test_the_projects_file_names_the_baseline(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "raven-realtime.toml").write_text('baseline = "known.json"\nfail-on = "note"\n')
    assert lint("nginx.conf").code == 1, "one that is not written yet hides nothing"
    assert lint("nginx.conf", "--write-baseline").code == 0
    assert lint("nginx.conf").code == 0
    (here / "deploy").mkdir()
    monkeypatch.chdir(here / "deploy")
    assert lint("../nginx.conf").code == 0, "from another folder it is the same finding"


def test_a_baseline_that_is_none(here: Path) -> None:
    (here / "known.json").write_text("[]")
    ran = lint("nginx.conf", "--baseline", "known.json")
    assert ran.code == 2
    assert ran.err.startswith("known.json: the file is no baseline.")
    ran = lint("nginx.conf", "--write-baseline")
    assert ran.err.startswith("--write-baseline needs a file")


@pytest.mark.parametrize(
    ("options", "code"),
    [((), 0), (("--fail-on", "warning"), 0), (("--fail-on", "note"), 1), (("--fail-on", "note", "--skip", "RT107"), 0)],
)
def test_the_level_that_fails(here: Path, options: tuple[str, ...], code: int) -> None:
    assert lint("nginx.conf", *options).code == code


def test_only_and_skip(here: Path) -> None:
    (here / "nginx.conf").write_text(NGINX.replace("buffering off", "buffering on"))
    assert codes("nginx.conf") == ["RT107 note", "RT112 note"]
    assert codes("nginx.conf", "--only", "RT107,RT008") == ["RT107 note"]
    assert codes("nginx.conf", "--only", "unbuffered") == ["RT112 note"]
    assert codes("nginx.conf", "--skip", "rt107", "--skip", "RT112") == []
    ran = lint("nginx.conf", "--only", "RT07")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("--only RT07: the rule `RT07` is not known. Did you mean `RT107`?")


def test_list_rules() -> None:
    ran = lint("--list-rules")
    assert ran.code == 0
    assert "RT107  note     timeout-of-a-day: proxies keep a silent connection for 86400 seconds, a day\n" in ran.out
    assert "seconds = 86400  The shortest timeout to accept, in seconds\n" in ran.out
    listed = json.loads(lint("--list-rules", "-o", "json").out)
    assert {each["code"]: each["name"] for each in listed}["RT107"] == "timeout-of-a-day"


@pytest.mark.parametrize(
    ("text", "code"), [(NGINX, "RT107 note"), (COMPOSE.format("x"), "RT104 error"), (CADDY, "RT026 warning")]
)
def test_a_file_on_standard_input(here: Path, text: str, code: str) -> None:
    assert code in codes("-", given=text)


def test_a_place_on_standard_input(here: Path) -> None:
    assert "standard input:9: note RT107" in lint("-", given=NGINX).out
    assert "standard input:6: error RT104" in lint("-", given=COMPOSE.format("x")).out
    assert lint("-", given="").code == 2

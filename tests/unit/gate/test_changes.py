"""What of two plans differs, as a reviewer reads it: the directive, word or element, not the text around it."""

from __future__ import annotations

from typing import Any

import pytest

from raven_realtime.declared.preview.changes import Kind, compare
from raven_realtime.declared.preview.places import Source
from raven_realtime.declared.preview.plan import Plan
from raven_realtime.declared.preview.report import markdown
from raven_realtime.declared.resources import UNKNOWN, Resource

COMMAND = "command:local:Command"
NGINX = """\
http {
    map $http_upgrade $connection {
        default upgrade;
    }
    server {
        location /socket.io/ {
            proxy_read_timeout 86400;
            proxy_buffering off;
        }
        location / {
            proxy_pass http://web;
        }
    }
}
"""
PATH = " ".join(f"SETTING_{number}=value" for number in range(12))
SHELL = f"GENERATION={{hash}} {PATH} RESOLVER={{resolver}} sh check.sh --site {{site}} && date"
FOLLOWS = "What follows from that, or runs again: one."


def plan(**properties: Any) -> Plan:
    return Plan((Resource(COMMAND, "one", "urn", properties),))


def shown(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the report's lines about the properties of the one resource; without the resource: what it says of it."""
    text = markdown("prod", plan(**before), plan(**after), Source("Pulumi.prod.yaml"), Source("Pulumi.prod.yaml"))
    change = text.partition("### Planned change\n\n")[2].partition("\n\n### Where")[0]
    return [line.removeprefix("  - ") for line in change.splitlines() if line.startswith("  - ")] or [
        change.rpartition("\n\n")[2]
    ]


def shell(digest: str = "0a1b2c3d", resolver: str = "le", site: str = "a") -> str:
    return SHELL.format(hash=digest, resolver=resolver, site=site)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(
            NGINX,
            NGINX.replace("86400", "60s"),
            ["`stdin:7 (location /socket.io/)`: `proxy_read_timeout 86400;` → `proxy_read_timeout 60s;`"],
            id="a directive",
        ),
        pytest.param(
            NGINX,
            NGINX.replace("            proxy_buffering off;\n", ""),
            ["`stdin:8 (location /socket.io/)`: removed `proxy_buffering off;`"],
            id="a directive that is gone: the line where it was",
        ),
        pytest.param(
            NGINX,
            NGINX.replace("            proxy_pass", "            proxy_buffering off;\n            proxy_pass"),
            ["`stdin:11 (location /)`: added `proxy_buffering off;`"],
            id="a directive that another block has already",
        ),
        pytest.param(
            NGINX,
            NGINX.replace("            proxy_buffering off;\n", "").replace(
                "        default upgrade;\n", "        default upgrade;\n        proxy_buffering off;\n"
            ),
            [
                "`stdin:4 (map $http_upgrade $connection)`: added `proxy_buffering off;`",
                "`stdin:8 (location /socket.io/)`: removed `proxy_buffering off;`",
            ],
            id="a directive that moved",
        ),
        pytest.param(NGINX, f"user nginx;\n{NGINX}", ["`stdin:1`: added `user nginx;`"], id="at the top"),
        pytest.param(NGINX, NGINX.replace("    ", "\t"), [FOLLOWS], id="the indent"),
        pytest.param(
            NGINX,
            f"# {NGINX}".replace("86400", UNKNOWN),
            [
                "`stdin:1`: `http {` → `# http {`",
                "`stdin:7 (location /socket.io/)`: `proxy_read_timeout 86400;` → "
                "`proxy_read_timeout (known after it is applied);`",
            ],
            id="a value that is not known yet",
        ),
    ],
)
def test_of_a_configuration_the_lines_are_told(before: str, after: str, said: list[str]) -> None:
    assert shown({"stdin": before}, {"stdin": after}) == said


@pytest.mark.parametrize(
    ("after", "said"),
    [
        pytest.param(
            shell("99999999", resolver="http"),
            ["`create`: `RESOLVER=le` → `RESOLVER=http`"],
            id="a variable, behind a generation",
        ),
        pytest.param(shell(site="b"), ["`create`: `--site a` → `--site b`"], id="an option's value, with the option"),
        pytest.param(
            shell(resolver="http", site="b"),
            ["`create`: `RESOLVER=le` → `RESOLVER=http`", "`create`: `--site a` → `--site b`"],
            id="two places",
        ),
        pytest.param(shell("99999999"), [FOLLOWS], id="a generation alone"),
        pytest.param(f"{shell()} && touch done", ["`create`: added `&& touch done`"], id="words at the end"),
    ],
)
def test_of_a_long_command_the_words_are_told(after: str, said: list[str]) -> None:
    lines = {"create": shell(), "update": shell()}
    assert shown(lines, {"create": after, "update": after}) == said


def test_of_two_long_words_the_end_is_shown_where_they_part() -> None:
    before, after = ("HOSTS=" + ",".join([*(f"{number}.example" for number in range(30)), last]) for last in "ab")
    assert shown({"create": before}, {"create": after}) == [
        "`create`: `….example,29.example,a` → `….example,29.example,b`"
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(["A=1", "B=2"], ["Z=0", "A=1", "B=2"], ["`envs[0]`: added `Z=0`"], id="one more at the front"),
        pytest.param(["A=1", "B=2"], ["B=2"], ["`envs[0]`: removed `A=1`"], id="one less"),
        pytest.param(["A=1", "B=2"], ["A=1", "B=3"], ["`envs[1]`: `B=2` → `B=3`"], id="another value"),
        pytest.param(
            [{"file": "/a", "content": NGINX}],
            [{"file": "/a", "content": NGINX.replace("off", "on")}, {"file": "/b", "content": "x"}],
            [
                "`envs[0].content:8 (location /socket.io/)`: `proxy_buffering off;` → `proxy_buffering on;`",
                '`envs[1]`: added `{"content": "x", "file": "/b"}`',
            ],
            id="a file, and one more",
        ),
        pytest.param(
            [{"label": "b", "value": "1"}],
            [{"label": "a", "value": "2"}, {"label": "b", "value": "1"}],
            ["`envs.a`: added `2`"],
            id="labels, by name",
        ),
    ],
)
def test_of_a_list_the_elements_are_told(before: list[Any], after: list[Any], said: list[str]) -> None:
    assert shown({"envs": before}, {"envs": after}) == said


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        pytest.param({"stdin": NGINX}, {"stdin": NGINX + " "}, Kind.UPDATED, id="a command's input"),
        pytest.param({"triggers": ["0a1b2c3d"]}, {"triggers": ["0a1b2c3e"]}, Kind.REPLACED, id="its triggers"),
        pytest.param({"triggers": ["a"]}, {"triggers": ["a", "b"]}, Kind.REPLACED, id="one more trigger"),
    ],
)
def test_what_happens_to_a_command(before: dict[str, Any], after: dict[str, Any], kind: Kind) -> None:
    assert [change.kind for change in compare(plan(**before), plan(**after))] == [kind]

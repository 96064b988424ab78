"""`lint --fix` on files as people write them: layout and comments stay, and what it is not sure of it leaves alone."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from raven_realtime.declared.mending.edit import Edit, applied
from raven_realtime.declared.mending.nginx_text import scan
from tests.unit.declared.seat import lint

HEADERS = """\
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_set_header Host $host;
"""
SITE = f"""\
server {{
    listen 80;
    server_name chat.example.com;
    location /socket.io/ {{
{HEADERS}        proxy_pass http://127.0.0.1:3000;
    }}
}}
"""
ADDED = "        proxy_read_timeout 86400;\n        proxy_send_timeout 86400;\n        proxy_buffering off;\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fixed(text: str, *options: str) -> str:
    """Return what `lint --fix` makes of a site's file; a second time it has nothing to do."""
    file = Path("site.conf")
    file.write_bytes(text.encode())
    lint("site.conf", "--fix", *options)
    once = file.read_bytes()
    lint("site.conf", "--fix", *options)
    assert file.read_bytes() == once
    return once.decode()


def with_added(text: str, added: str = ADDED) -> str:
    return text.replace("3000;\n", f"3000;\n{added}")


LAYOUTS = {
    "plain": (SITE, with_added(SITE)),
    "windows": (SITE.replace("\n", "\r\n"), with_added(SITE).replace("\n", "\r\n")),
    "tabs": (SITE.replace("    ", "\t"), with_added(SITE).replace("    ", "\t")),
    "no newline at the end": (SITE.rstrip("\n"), with_added(SITE).rstrip("\n")),
    "comments": (
        SITE.replace("3000;\n", "3000; # here } and here {\n        # ; }\n"),
        SITE.replace("3000;\n", "3000; # here } and here {\n        # ; }\n" + ADDED),
    ),
    "quoted braces": (
        SITE.replace("    listen", "    set $x '}';\n    set $y \"a;{b\";\n    listen"),
        with_added(SITE.replace("    listen", "    set $x '}';\n    set $y \"a;{b\";\n    listen")),
    ),
    "a value that is there": (
        SITE.replace("3000;\n", "3000;\n        proxy_read_timeout   60s ;  # short\n"),
        SITE.replace("3000;\n", "3000;\n        proxy_read_timeout   86400 ;  # short\n").replace(
            "# short\n", "# short\n        proxy_buffering off;\n        proxy_send_timeout 86400;\n"
        ),
    ),
    "one line": (
        "server { listen 80; server_name a.example.com; location /socket.io/ "
        f"{{ {' '.join(HEADERS.split())} proxy_pass http://127.0.0.1:3000; }} }}\n",
        "server { listen 80; server_name a.example.com; location /socket.io/ "
        f"{{ {' '.join(HEADERS.split())} proxy_pass http://127.0.0.1:3000; {' '.join(ADDED.split())} }} }}\n",
    ),
    "umlauts": (f"# für größere Nachrichten\n{SITE}", f"# für größere Nachrichten\n{with_added(SITE)}"),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", LAYOUTS)
def test_layout_and_comments_stay(name: str) -> None:
    before, after = LAYOUTS[name]
    assert fixed(before) == after


@pytest.mark.usefixtures("here")
def test_headers_that_were_inherited_go_along() -> None:
    outer = HEADERS.replace("        ", "    ")
    text = SITE.replace(HEADERS, "").replace("    location", f"{outer}    location")
    text = text.replace('    proxy_set_header Connection "upgrade";\n', "")
    after = fixed(text, "--only", "RT025")
    inner = after.partition("location /socket.io/ {")[2]
    assert "proxy_set_header Host $host;" in inner
    assert "proxy_set_header Connection $connection_upgrade;" in inner
    assert inner.count("proxy_set_header Upgrade") == 1
    assert after.startswith("map $http_upgrade $connection_upgrade {\n")
    assert json.loads(lint("site.conf", "-o", "json", "--only", "RT025").out)["findings"] == []


def test_an_included_header_is_not_set_twice(here: Path) -> None:
    (here / "headers").write_text("proxy_set_header Host $host;\n")
    text = SITE.replace(HEADERS, "        include headers;\n        proxy_http_version 1.1;\n")
    assert fixed(text, "--only", "RT025") == text


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "text",
    [
        SITE.replace("location /socket.io/", "location /"),
        SITE.replace("server {", "server {\n    access_by_lua_block { if a then b() end }"),
        SITE.replace("3000;\n    }\n", "3000;\n"),
    ],
    ids=["a location for every page", "a language in a language", "a file that is broken"],
)
def test_what_is_not_sure_is_left_alone(text: str) -> None:
    assert fixed(text) == text


@pytest.mark.usefixtures("here")
def test_what_is_ignored_or_was_there_before_is_left_alone() -> None:
    text = SITE.replace("    location", "    # raven-realtime: ignore RT107 RT112 -- behind a tunnel\n    location")
    assert fixed(text) == text
    Path("site.conf").write_text(SITE)
    lint("site.conf", "--baseline", "known.json", "--write-baseline")
    assert fixed(SITE, "--baseline", "known.json") == SITE


def test_mode_and_link_stay(here: Path) -> None:
    (here / "real.conf").write_text(SITE)
    (here / "real.conf").chmod(0o640)
    (here / "site.conf").symlink_to("real.conf")
    assert lint("site.conf", "--fix").code == 0
    assert (here / "site.conf").is_symlink()
    assert stat.S_IMODE((here / "real.conf").stat().st_mode) == 0o640
    assert (here / "real.conf").read_text() == with_added(SITE)
    assert sorted(each.name for each in here.iterdir()) == ["real.conf", "site.conf"]


def test_many_sites_are_mended_at_once(here: Path) -> None:
    sites = [SITE.replace("chat.", f"c{number}.") for number in range(60)]
    after = fixed("".join(sites))
    assert after == "".join(map(with_added, sites))


def test_edits() -> None:
    assert applied("abc", [Edit(1, 1, "x"), Edit(1, 1, "y"), Edit(1, 1, "x"), Edit(2, 3, "")]) == "axyb"
    assert applied("abc", [Edit(0, 2, "x"), Edit(1, 3, "y")]) is None


@pytest.mark.parametrize(
    "text",
    [
        "a { b c; }",
        'a "b;c" \'d"e\';',
        "a b\\;c ${d}e;",
        'map $a $b { default 1; "~x{2}" 2; }',
        "a # b;\n c;",
        'a "b\\"c";',
    ],
)
def test_the_scanner_reads_as_the_parser_does(text: str) -> None:
    root = scan(text)
    assert root
    for node in root.walk():
        for start, end, _ in node.words:
            assert text[start:end].strip()

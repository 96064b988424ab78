"""Reading configurations: places, includes, and what a broken file is told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raven_realtime.proxies.nginx.parse import MAX_DEPTH, parse_file, parse_text
from raven_realtime.proxies.unreadable import Unreadable
from tests.fuzz import BUDGET


def test_every_directive_knows_its_place() -> None:
    (http,) = parse_text("# first\nhttp {\n  server {\n    listen\n      80;\n  }\n}", "site.conf")
    listen = list(http.walk())[2]
    assert (listen.name, listen.args, listen.place) == ("listen", ("80",), "site.conf:4")


@pytest.mark.parametrize(
    ("text", "args"),
    [
        pytest.param("set $a b;", ("$a", "b"), id="plain"),
        pytest.param("set $a 'b c';", ("$a", "b c"), id="quoted"),
        pytest.param('set $a "";', ("$a", ""), id="empty"),
        pytest.param(r'set $a "say \"x\" \\ \' \d";', ("$a", r'say "x" \ ' + "' \\d"), id="escapes"),
        pytest.param(r"set $a a\tb;", ("$a", "a\tb"), id="tab"),
        pytest.param("set $a ${b}c;", ("$a", "${b}c"), id="braced variable"),
        pytest.param("set $a # comment ; {\n b;", ("$a", "b"), id="comment between"),
        pytest.param("set $a b#c;", ("$a", "b#c"), id="a # inside a word"),
    ],
)
def test_arguments_are_what_nginx_sees(text: str, args: tuple[str, ...]) -> None:
    assert parse_text(text, check=False)[0].args == args


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "bad.conf: the file holds no nginx directive", id="empty"),
        pytest.param("# only a comment", "bad.conf: the file holds no nginx directive", id="comment only"),
        pytest.param("http {\n\n", "bad.conf:1: the block of 'http' is never closed", id="open block"),
        pytest.param("events {}\n}", 'bad.conf:2: unexpected "}"', id="closed twice"),
        pytest.param("daemon on\n", "bad.conf:1: the end of the file comes before the ';' of 'daemon'", id="no ;"),
        pytest.param("http {\n access_log off\n}", "bad.conf:2: the end of the block comes before", id="no ; in block"),
        pytest.param("http {\n set $a 'b;\n}\n", "bad.conf:2: a quote that is opened", id="open quote"),
        pytest.param(";", "bad.conf:1: unexpected ';'", id="lone semicolon"),
        pytest.param("{}", "bad.conf:1: unexpected '{'", id="lone brace"),
        pytest.param("http {\n proxy_buffering maybe;\n}", 'bad.conf:2: invalid value "maybe"', id="flag"),
        pytest.param("http {\n listen 80;\n}", 'bad.conf:2: "listen" directive is not allowed here', id="context"),
        pytest.param("http { server { listen; } }", "bad.conf:1: invalid number of arguments", id="count"),
        pytest.param("http { server; }", 'bad.conf:1: directive "server" has no opening', id="block wanted"),
        pytest.param("a {" * (MAX_DEPTH + 1), "bad.conf:1: more than 100 blocks", id="depth"),
        pytest.param("set_by_lua_block $x { return {", "bad.conf:1: ", id="unfinished lua"),
    ],
)
def test_broken_text_is_told_where(text: str, message: str) -> None:
    with pytest.raises(Unreadable) as told:
        parse_text(text, "bad.conf")
    assert message in str(told.value)


def test_a_sites_file_is_judged_as_what_it_is() -> None:
    assert parse_text("upstream a { server b:1; }\nserver { listen 80; }")[1].name == "server"
    assert parse_text("location / { return 200; }")[0].name == "location"


class TestIncludes:
    def test_are_put_in_place_with_their_own_places(self, tmp_path: Path) -> None:
        (tmp_path / "conf.d").mkdir()
        for name in ("b", "a"):
            (tmp_path / f"conf.d/{name}.conf").write_text(f"\nserver {{ server_name {name}; }}")
        main = tmp_path / "nginx.conf"
        main.write_text("http {\n include conf.d/*.conf;\n include none*.conf;\n}")
        (http,) = parse_file(main)
        assert [(server.file, server.line) for server in http.children("server")] == [
            (str(tmp_path / "conf.d/a.conf"), 2),
            (str(tmp_path / "conf.d/b.conf"), 2),
        ]

    def test_may_be_the_same_file_twice(self, tmp_path: Path) -> None:
        (tmp_path / "proxy.conf").write_text("proxy_buffering off;")
        main = tmp_path / "nginx.conf"
        main.write_text("http { server { location /a { include proxy.conf; } location /b { include proxy.conf; } } }")
        assert sum(directive.name == "proxy_buffering" for directive in parse_file(main)[0].walk()) == 2

    @pytest.mark.parametrize(
        ("files", "message"),
        [
            pytest.param(
                {"nginx.conf": "include nginx.conf;"},
                "nginx.conf:1: include nginx.conf: the file includes itself",
                id="self",
            ),
            pytest.param(
                {"nginx.conf": "include a.conf;", "a.conf": "#\ninclude b.conf;", "b.conf": "include a.conf;"},
                "b.conf:1: include a.conf: the file includes itself",
                id="cycle",
            ),
            pytest.param(
                {"nginx.conf": "include a.conf;", "a.conf": "http {\n'"}, "a.conf:1: a quote that", id="broken inside"
            ),
            pytest.param({"nginx.conf": "\x7fELF\0\0\0"}, "it is a binary file", id="binary"),
            pytest.param(
                {"nginx.conf": "http { include a.conf; }", "a.conf": "\n listen 80;"},
                'a.conf:2: "listen"',
                id="context inside",
            ),
            pytest.param({}, "nginx.conf cannot be read: No such file", id="no file"),
        ],
    )
    def test_what_is_wrong_is_told_with_its_place(self, tmp_path: Path, files: dict[str, str], message: str) -> None:
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        with pytest.raises(Unreadable) as told:
            parse_file(tmp_path / "nginx.conf")
        assert message in str(told.value)

    def test_that_multiply_are_bounded(self, tmp_path: Path) -> None:
        for number in range(12):
            following = f"include {number + 1}.conf;" * 3 if number < 11 else "access_log off;"
            (tmp_path / f"{number}.conf").write_text(following)
        with pytest.raises(Unreadable, match="more than 2,000 files"):
            parse_file(tmp_path / "0.conf")


@pytest.mark.large
class TestSize:
    def test_five_megabytes_are_read_in_bounded_time(self) -> None:
        server = (
            "server { listen 127.0.0.1:80; server_name a.test; location / { proxy_pass http://127.0.0.1:9000; } }\n"
        )
        text = "http {\n" + server * (5_000_000 // len(server)) + "}\n"
        start = time.process_time()
        (http,) = parse_text(text)
        assert len(http.block or ()) == 5_000_000 // len(server)
        assert time.process_time() - start < 40, "takes about 4 s alone on 2 cores"

    def test_more_is_refused_at_once(self) -> None:
        with pytest.raises(Unreadable, match="larger than 16,000,000 bytes"):
            parse_text("#" * 16_000_001)


WORDS = st.sampled_from(
    [*"{};'\"#\\$ \n\t", "server", "location", "http", "include x", "if", "content_by_lua_block", "${", "a"]
)


@pytest.mark.fuzz
@BUDGET
@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map("".join)))
def test_no_text_gives_a_traceback(text: str) -> None:
    try:
        tree = parse_text(text, "fuzz.conf")
    except Unreadable as told:
        tree = ()
        message = str(told)
    else:
        message = "fuzz.conf"
    assert bool(tree) == (message == "fuzz.conf")
    assert message.startswith("fuzz.conf")

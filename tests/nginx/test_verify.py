"""nginx -t: what nginx itself says about a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from raven_realtime.problem import Problem
from raven_realtime.sandbox import multiplexer, nginx_check


def test_takes_what_we_render(tmp_path: Path) -> None:
    nginx_check.verify(multiplexer.render(multiplexer.Multiplexer(tmp_path, "raven.localhost")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("events {}\nhttp { proxy_read_timeout soon; }", '"proxy_read_timeout" directive invalid value in a.conf:2'),
        ("events {}\nhttp { nonsense on; }", 'unknown directive "nonsense" in a.conf:2'),
        ("events {", "unexpected end of file"),
    ],
)
def test_passes_on_nginx_own_words(text: str, message: str) -> None:
    with pytest.raises(Problem) as told:
        nginx_check.verify(text, name="a.conf")
    assert "nginx refuses a.conf:\n" in str(told.value)
    assert message in str(told.value)


def test_a_file_with_its_includes(tmp_path: Path) -> None:
    (tmp_path / "part.conf").write_text("server { listen 127.0.0.1:1; nonsense; }")
    main = tmp_path / "nginx.conf"
    main.write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; include part.conf; }}")
    with pytest.raises(Problem, match=r"part\.conf:1"):
        nginx_check.verify_file(main)


def test_nginx_that_is_not_there() -> None:
    with pytest.raises(Problem, match="apt-get install nginx-light"):
        nginx_check.find("nginx-of-nowhere")

"""Benches: their configuration with its lines, and their folders."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raven_realtime.places.bench import Bench, Setting, Site, benches_in, is_bench_config, read
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.unreadable import Unreadable

COMMON = """\
{
 "developer_mode": 1,
 "redis_queue": "redis://127.0.0.1:11000",
 "socketio_port": 9000,
 "webserver_port": "8000",
 "dns_multitenant": false,
 "host_name": null,
 "domains": ["a.example.com", {"domain": "b.example.com", "ssl_certificate": "x"}],
 "allow_cors": "*",
 "db_password": "secret"
}
"""


def at(line: int) -> Location:
    return Location("sites/common_site_config.json", line)


def test_settings_know_their_lines() -> None:
    config = read(COMMON, "sites/common_site_config.json")
    assert config.developer_mode == Setting(True, at(2))
    assert config.redis_queue == Setting("redis://127.0.0.1:11000", at(3))
    assert config.socketio_port == Setting(9000, at(4))
    assert config.webserver_port == Setting(8000, at(5))
    assert config.dns_multitenant == Setting(False, at(6))
    assert config.host_name is None
    assert config.default_site is None
    assert config.domains == Setting(("a.example.com", "b.example.com"), at(8))
    assert config.allow_cors == Setting(("*",), at(9))
    assert config.others == ("db_password",)
    assert config.wrong == ()


@pytest.mark.parametrize("value", ['"90OO"', "99999", "-1", "9000.5", "true", '""'])
def test_a_port_that_is_none(value: str) -> None:
    config = read(f'{{\n"socketio_port": {value}}}', "c.json")
    assert config.socketio_port is None
    assert config.wrong == (("socketio_port", Setting(value.strip('"'), Location("c.json", 2))),)


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("0", False), ("true", True), ("false", False), ('""', False), ('"0"', False)]
)
def test_switches(value: str, expected: bool) -> None:
    config = read(f'{{"developer_mode": {value}}}', "c.json")
    assert config.developer_mode == Setting(expected, Location("c.json", 1))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param('{\n "socketio_port": 9000,\n}', 3, id="a comma too many"),
        pytest.param('{\n "socketio_port" 9000\n}', 2, id="no colon"),
        pytest.param("[9000]", 1, id="a list"),
        pytest.param("", 1, id="empty"),
    ],
)
def test_unreadable(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as raised:
        read(text, "c.json")
    assert raised.value.location == Location("c.json", line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (COMMON, True),
        ('{"db_name": "_1bd3", "db_password": "x"}', True),
        ('\ufeff{"socketio_port": 9000}', True),
        ('{"name": "package", "version": "1.0.0"}', False),
        ('{"a": "socketio_port"}', False),
        ('{"socketio_port": }', False),
        ("socketio_port: 9000", False),
    ],
)
def test_told_by_content(text: str, expected: bool) -> None:
    assert is_bench_config(text) is expected


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param(
            [
                "frappe-bench/sites/common_site_config.json",
                "frappe-bench/sites/erp.example.com/site_config.json",
                "frappe-bench/sites/apps.txt",
                "frappe-bench/Procfile",
                "frappe-bench/apps/frappe/socketio.js",
            ],
            (
                Bench(
                    "frappe-bench",
                    "frappe-bench/sites/common_site_config.json",
                    "frappe-bench/sites/apps.txt",
                    "frappe-bench/Procfile",
                    (Site("erp.example.com", "frappe-bench/sites/erp.example.com/site_config.json"),),
                ),
            ),
            id="a bench",
        ),
        pytest.param(["sites/apps.txt"], (Bench("", apps="sites/apps.txt"),), id="from inside"),
        pytest.param(
            ["/a/sites/x/site_config.json", "/b/sites/x/site_config.json"],
            (
                Bench("/a", sites=(Site("x", "/a/sites/x/site_config.json"),)),
                Bench("/b", sites=(Site("x", "/b/sites/x/site_config.json"),)),
            ),
            id="two",
        ),
        pytest.param(["common_site_config.json", "apps.txt", "x/site_config.json", ""], (), id="none"),
    ],
)
def test_folders(paths: list[str], expected: tuple[Bench, ...]) -> None:
    assert benches_in(paths) == expected


@settings(max_examples=80)
@given(
    st.dictionaries(
        st.sampled_from(["socketio_port", "developer_mode", "domains", "redis_cache", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("domain"), inner, max_size=1),
        ),
    )
)
def test_any_mapping_is_read(value: dict[str, object]) -> None:
    text = json.dumps(value, indent=1)
    assert read(text, "c.json").location == Location("c.json", 1)
    is_bench_config(text)

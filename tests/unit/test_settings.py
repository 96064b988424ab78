"""The settings: what is accepted and becomes what, and the words for all that is not (golden/settings/)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from raven_realtime.ports import MULTIPLEXER_PORT, SOCKET_TUNNEL_PORT, SOCKETIO_PORT, WEB_PORT
from raven_realtime.problem import Problem
from raven_realtime.project_config import declarations
from raven_realtime.settings import TARGETS, Prod, Sandbox, ServedHost, keys, load, load_sandbox
from tests import golden

GOLDEN = Path(__file__).parent / "golden" / "settings"
SECRET = "never-to-be-seen"
PROD = {"target": "prod", "hosts": ["chat.example.com"]}
SANDBOX = {"target": "sandbox"}

ACCEPTED: dict[str, tuple[dict[str, Any], str, Any]] = {
    "a number as Pulumi's text": (SANDBOX | {"proxyTimeout": "60"}, "proxy_timeout", 60),
    "a boolean as Pulumi's text": (SANDBOX | {"alignPorts": "true"}, "align_ports", True),
    "a list as Pulumi's text": (
        PROD | {"hosts": '["a.example", "b.example=erp"]'},
        "hosts",
        ("a.example", "b.example=erp"),
    ),
    "an empty text is not set": (SANDBOX | {"site": ""}, "site", None),
    "zero is not set where nothing is the default": (SANDBOX | {"publicPort": "0"}, "public_port", None),
    "a site in capitals": (SANDBOX | {"site": "Raven.LOCALHOST"}, "site", "Raven.LOCALHOST"),
    "a site with an underscore": (SANDBOX | {"site": "dev_site"}, "site", "dev_site"),
    "a host with a site that is no hostname": (
        PROD | {"hosts": ["Chat.example.com=My_Site"]},
        "served",
        (ServedHost(host="chat.example.com", site="My_Site"),),
    ),
    "an international host": (
        PROD | {"hosts": ["Bücher.example"]},
        "served",
        (ServedHost(host="xn--bcher-kva.example", site="xn--bcher-kva.example"),),
    ),
    "a path in the home folder": (SANDBOX | {"caFile": "~/ca.pem"}, "ca_file", str(Path.home() / "ca.pem")),
    "a path with a tilde inside": (SANDBOX | {"caFile": "/etc/~ca.pem"}, "ca_file", "/etc/~ca.pem"),
    "the highest port of an upstream": (PROD | {"upstream": "websocket:65535"}, "upstream", "websocket:65535"),
    "an IPv6 upstream": (PROD | {"upstream": "[fd00::1]:9000"}, "upstream", "[fd00::1]:9000"),
    "an IPv6 address": (PROD | {"publicAddress": "2001:db8::1"}, "public_address", "2001:db8::1"),
    "a network with every kind of character": (PROD | {"networks": ["a_b.c-1"]}, "networks", ("a_b.c-1",)),
    "middlewares with and without a provider": (
        PROD | {"middlewares": ["auth", "compress@file"]},
        "middlewares",
        ("auth", "compress@file"),
    ),
    "the default of an option that is not used": (SANDBOX | {"ngrokPath": "ngrok"}, "tunnel", "local"),
    "all of ngrok's options": (
        SANDBOX
        | {"tunnel": "ngrok", "topology": "two-tunnels", "ngrokAuthtoken": SECRET, "ngrokPath": "/opt/ngrok"}
        | {"ngrokUrl": "https://a.ngrok.io", "ngrokSocketUrl": "https://b.ngrok.io"},
        "ngrok_socket_url",
        "https://b.ngrok.io",
    ),
    "a channel that looks like a number": (SANDBOX | {"channel": "42"}, "channel", "42"),
    "a default of the other target": (SANDBOX | {"entrypoint": "websecure"}, "target", "sandbox"),
    "an empty list of the other target": (SANDBOX | {"hosts": "[]"}, "target", "sandbox"),
    "a secret": (SANDBOX | {"apiKey": SECRET, "apiSecret": SECRET}, "api_key", SecretStr(SECRET)),
    "a secret that looks like a number": (
        SANDBOX | {"apiKey": "123", "apiSecret": "456"},
        "api_key",
        SecretStr("123"),
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    config, field, value = ACCEPTED[name]
    assert getattr(load(config), field) == value


REFUSED: dict[str, dict[str, Any]] = {
    "no target": {},
    "an unknown target": {"target": "staging"},
    "an unknown key": SANDBOX | {"tunel": "local"},
    "an unknown key like no other": SANDBOX | {"zzzzzz": "1"},
    "a key of the other target": SANDBOX | {"hosts": ["chat.example.com"]},
    "a word for a number": SANDBOX | {"proxyTimeout": "a day"},
    "a timeout of nothing": SANDBOX | {"proxyTimeout": "-1"},
    "a size with a unit that nginx lacks": SANDBOX | {"clientMaxBodySize": "50MB"},
    "too small a capacity": SANDBOX | {"capacity": "10"},
    "an unknown tunnel": SANDBOX | {"tunnel": "wireguard"},
    "an unknown topology": SANDBOX | {"topology": "three-tunnels"},
    "a port out of range": SANDBOX | {"publicPort": "70000"},
    "a site with a scheme": SANDBOX | {"site": "https://raven.localhost"},
    "an ngrok URL without TLS": SANDBOX | {"ngrokUrl": "http://sysmayal.ngrok.io"},
    "two things at once": SANDBOX | {"capacity": "10", "tunnel": "wireguard"},
    "no hosts": {"target": "prod"},
    "a host twice": PROD | {"hosts": ["chat.example.com", "CHAT.example.com=erp"]},
    "a host with a path": PROD | {"hosts": ["chat.example.com/socket.io"]},
    "an image without a digest": PROD | {"image": "nginx:1.27"},
    "an upstream without a port": PROD | {"upstream": "172.17.0.1"},
    "a secret of the wrong type": SANDBOX | {"apiSecret": [SECRET]},
    "a key without its secret": SANDBOX | {"apiKey": SECRET},
    "a secret without its key": PROD | {"apiSecret": SECRET},
    "the port of the multiplexer": SANDBOX | {"publicPort": MULTIPLEXER_PORT},
    "the port of the web process": SANDBOX | {"publicPort": str(WEB_PORT)},
    "the port of SocketIO": SANDBOX | {"publicPort": SOCKETIO_PORT},
    "the port of the second tunnel": SANDBOX | {"topology": "two-tunnels", "publicPort": SOCKET_TUNNEL_PORT},
    "an address with a command": PROD | {"publicAddress": "1.2.3.4; touch x"},
    "an address with a zone": PROD | {"publicAddress": "fe80::1%eth0; touch x"},
    "an address that is a name": PROD | {"publicAddress": "chat.example.com"},
    "an upstream with too high a port": PROD | {"upstream": "172.17.0.1:99999"},
    "an upstream with port 0": PROD | {"upstream": "172.17.0.1:0"},
    "an upstream with half an address": PROD | {"upstream": "172.17.1:9000"},
    "an upstream with half an IPv6 address": PROD | {"upstream": "[::1:9000"},
    "a network with a space": PROD | {"networks": ["frappe", "my network"]},
    "a middleware that is no name": PROD | {"middlewares": ["auth@file", "a, b@file"]},
    "a middleware with two providers": PROD | {"middlewares": ["auth@file@docker"]},
    "ngrok URL without ngrok": SANDBOX | {"ngrokUrl": "https://a.ngrok.io"},
    "ngrok path without ngrok": SANDBOX | {"ngrokPath": "/opt/ngrok"},
    "a second ngrok URL for one tunnel": SANDBOX | {"tunnel": "ngrok", "ngrokSocketUrl": "https://b.ngrok.io"},
    "a public port with ngrok": SANDBOX | {"tunnel": "ngrok", "publicPort": 9443},
    "a site with a path": PROD | {"hosts": ["chat.example.com=../erp"]},
    "an international host that is none": PROD | {"hosts": ["bü cher.example"]},
    "a home folder of nobody": SANDBOX | {"caFile": "~no-such-user/ca.pem"},
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(Problem) as refused:
        load(REFUSED[name], where="Pulumi.test.yaml")
    assert SECRET not in str(refused.value)
    golden.hold(GOLDEN / f"{name.replace(' ', '_')}.txt", f"{refused.value}\n")


@pytest.mark.parametrize("model", TARGETS.values(), ids=TARGETS)
def test_every_key_is_declared_for_pulumi_or_a_secret(model: type[Sandbox | Prod]) -> None:
    secrets = {key for key, field in keys(model).items() if field.annotation == SecretStr | None}
    assert secrets <= {"apiKey", "apiSecret", "ngrokAuthtoken"}
    assert keys(model).keys() - secrets <= declarations().keys()
    assert not secrets & declarations().keys()


@pytest.mark.parametrize("config", [SANDBOX, PROD], ids=["sandbox", "prod"])
def test_the_defaults_that_pulumi_fills_in_change_nothing(config: dict[str, Any]) -> None:
    """Pulumi hands every declared key to both targets, as text."""
    filled = {key: entry["default"] for key, entry in declarations().items() if "default" in entry}
    as_text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in filled.items()}
    assert load({**as_text, **config}) == load(config)


def test_arguments_of_a_component_have_the_models_names() -> None:
    assert load_sandbox({"proxy_timeout": 60}, where="the arguments of x") == load(SANDBOX | {"proxyTimeout": 60})
    with pytest.raises(Problem, match="Did you mean raven-realtime:proxyTimeout"):
        load_sandbox({"proxy_timeuot": 60}, where="the arguments of x")


values = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=3)


@given(st.dictionaries(st.sampled_from(sorted({*keys(Sandbox), *keys(Prod)})) | st.text(), values, max_size=6))
def test_whatever_is_configured_is_read_or_refused_in_words(config: dict[str, Any]) -> None:
    said = ""
    try:
        load(config)
    except Problem as refused:
        said = str(refused)
    assert not said or said.startswith("raven-realtime:")

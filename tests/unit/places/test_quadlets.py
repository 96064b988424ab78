"""Podman's quadlets: what a folder of units declares."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raven_realtime.places import quadlets, systemd
from raven_realtime.places.container import Attachment, ExtraHost, Mount, Published
from raven_realtime.places.process import Program
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.unreadable import Unreadable

WEBSOCKET = """\
[Unit]
Description=Realtime

[Container]
Image=docker.io/frappe/erpnext:v16
ContainerName=websocket
# Socket.IO
Exec=node \\
  /home/frappe/frappe-bench/apps/frappe/socketio.js
Environment=A=1 "B=two words"
Environment=C
Label=traefik.enable=true
Network=frappe.network:alias=ws
Network=host
NetworkAlias=realtime
PublishPort=127.0.0.1:9000:9000
Volume=sites.volume:/home/frappe/frappe-bench/sites:ro
AddHost=erp.example.com:host-gateway
HostName=socket
EnvironmentFile=/etc/frappe.env

[Service]
Restart=always
"""
NETWORK = "[Network]\nSubnet=10.9.0.0/24\n"


def test_a_container() -> None:
    (container,) = quadlets.read({"q/websocket.container": WEBSOCKET, "q/frappe.network": NETWORK})

    def at(line: int) -> Location:
        return Location("q/websocket.container", line)

    assert (container.name, container.image, container.location) == ("websocket", "docker.io/frappe/erpnext:v16", at(5))
    assert container.command == ("node", "/home/frappe/frappe-bench/apps/frappe/socketio.js")
    assert [(v.name, v.value, v.location.line) for v in container.environment] == [
        ("A", "1", 10),
        ("B", "two words", 10),
        ("C", None, 11),
    ]
    label = container.label("traefik.enable")
    assert label is not None
    assert label.value == "true"
    assert container.networks == (
        Attachment("systemd-frappe", ("ws", "realtime"), at(13)),
        Attachment("host", ("realtime",), at(14)),
    )
    assert container.published == (Published(9000, 9000, at(16), "127.0.0.1"),)
    assert container.volumes == (Mount("systemd-sites", "/home/frappe/frappe-bench/sites", at(17), read_only=True),)
    assert container.extra_hosts == (ExtraHost("erp.example.com", "host-gateway", at(18)),)
    assert container.hostname == "socket"
    assert container.unread == (("EnvironmentFile=/etc/frappe.env", at(20)),)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        pytest.param("[Network]\nNetworkName=shop\n", "shop", id="a name of its own"),
        pytest.param("[Network]\n", "systemd-frappe", id="Podman's"),
        pytest.param(None, "frappe.network", id="a unit that is not there"),
    ],
)
def test_names_of_networks(network: str | None, expected: str) -> None:
    files = {"a.container": "[Container]\nImage=x\nNetwork=frappe.network\n"}
    (container,) = quadlets.read(files | ({"frappe.network": network} if network else {}))
    assert [one.network for one in container.networks] == [expected]
    assert container.name == "systemd-a"


def test_an_empty_assignment_takes_back_those_before_it() -> None:
    (container,) = quadlets.read({"a.container": "[Container]\nImage=x\nNetwork=a\nNetwork=\nNetwork=b\n"})
    assert [one.network for one in container.networks] == ["b"]


@pytest.mark.parametrize(
    ("pods", "ports", "unread"), [({"s.pod": "[Pod]\nPublishPort=80:8080\n"}, [80], 0), ({}, [], 1)]
)
def test_pods(pods: dict[str, str], ports: list[int], unread: int) -> None:
    (container,) = quadlets.read({"a.container": "[Container]\nImage=x\nPod=s.pod\n"} | pods)
    assert [port.host_port for port in container.published] == ports
    assert len(container.unread) == unread


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("[Container]\nExec=x\n", 2, id="no image"),
        pytest.param("[Container]\nImage=x\nnonsense\n", 3, id="no assignment"),
        pytest.param("Image=x\n", 1, id="no section"),
        pytest.param("", None, id="empty"),
    ],
)
def test_unreadable(text: str, line: int | None) -> None:
    with pytest.raises(Unreadable) as raised:
        quadlets.read({"a.container": text})
    assert raised.value.location == Location("a.container", line)


def test_other_files_of_the_folder() -> None:
    assert quadlets.read({"a.kube": "[Kube]\nYaml=a.yml\n", "b.volume": "[Volume]\n", "notes.txt": "x"}) == ()


@pytest.mark.parametrize(
    ("text", "quadlet", "service"),
    [
        (WEBSOCKET, True, False),
        ("[Service]\nExecStart=/usr/bin/node socketio.js\n", False, True),
        ("[Unit]\nDescription=x\n", False, False),
        ("services:\n  a: {}\n", False, False),
    ],
)
def test_told_by_content(text: str, quadlet: bool, service: bool) -> None:
    assert quadlets.is_quadlet(text) is quadlet
    assert systemd.is_service(text) is service


def test_services_of_systemd() -> None:
    text = "[Service]\nWorkingDirectory=/home/frappe/frappe-bench\nExecStart=-/usr/bin/node apps/frappe/socketio.js\n"
    (process,) = systemd.read(text, "system/frappe-socketio.service")
    assert (process.name, process.program, process.directory) == (
        "frappe-socketio",
        Program.REALTIME,
        "/home/frappe/frappe-bench",
    )
    assert process.location == Location("system/frappe-socketio.service", 3)


@settings(max_examples=80)
@given(st.text(alphabet="[]Container=\\\n#;\"' :a-1", max_size=80))
def test_any_text_is_read_or_unreadable(text: str) -> None:
    with contextlib.suppress(Unreadable):
        quadlets.read({"a.container": f"[Container]\nImage=x\n{text}", "p.pod": text})
    with contextlib.suppress(Unreadable):
        systemd.read(text, "a.service")

"""Compose files, dynamic files and static configuration: what is read, and what bad input is told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.compose import read_compose
from raven_realtime.proxies.traefik.containers import SWARM, contribution
from raven_realtime.proxies.traefik.elements import LARGEST_FILE
from raven_realtime.proxies.traefik.file import read_dynamic
from raven_realtime.proxies.traefik.static import read_static, static_arguments
from raven_realtime.proxies.traefik.table import Tls
from raven_realtime.proxies.unreadable import Unreadable

COMPOSE = """\
name: chat
services:
  socketio:
    image: nginx
    networks: [edge, default]
    labels:
      - "traefik.http.routers.s.rule=Host(`${DOMAIN:-chat.example}`) && PathPrefix(`/socket.io`)"
      - traefik.http.services.s.loadbalancer.server.port=80
  web:
    container_name: web
    labels:
      traefik.enable: true
      traefik.http.routers.w.rule: Host(`$DOMAIN`) && HeaderRegexp(`A`, `x$$`)
      traefik.http.routers.w.priority: 7
networks:
  edge:
    external: true
"""


def written(folder: Path, text: str | bytes, name: str = "compose.yml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_compose(tmp_path: Path) -> None:
    read = read_compose(written(tmp_path, COMPOSE), environment={})
    made = contribution(read.containers)
    assert [(router.name, router.rule, router.priority, router.location) for router in made.routers] == [
        ("s", "Host(`chat.example`) && PathPrefix(`/socket.io`)", 0, Location(str(tmp_path / "compose.yml"), 7)),
        ("w", "Host(``) && HeaderRegexp(`A`, `x$`)", 7, Location(str(tmp_path / "compose.yml"), 13)),
    ]
    networks = [sorted(container.networks or ()) for container in read.containers]
    assert networks == [["chat_default", "edge"], ["chat_default"]]
    assert [container.name for container in read.containers] == ["chat-socketio", "web"]
    assert read.unset == ("DOMAIN",)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("$A", "1", id="plain"),
        pytest.param("${A}", "1", id="braces"),
        pytest.param("${N:-d}", "d", id="default"),
        pytest.param("${EMPTY:-d}", "d", id="default-for-empty"),
        pytest.param("${EMPTY-d}", "", id="default-only-when-unset"),
        pytest.param("${N:-${A}${N:-x}}", "1x", id="nested"),
        pytest.param("${A:+y}", "y", id="replacement"),
        pytest.param("${N+y}", "", id="no-replacement"),
        pytest.param("$$A", "$A", id="dollar"),
        pytest.param("HostRegexp(`^.+$`)", "HostRegexp(`^.+$`)", id="dollar of no variable"),
        pytest.param("${A:?must}", "1", id="required"),
    ],
)
def test_variables(tmp_path: Path, text: str, value: str) -> None:
    file = written(tmp_path, f"services: {{a: {{labels: ['k={text}']}}}}")
    read = read_compose(file, environment={"A": "1", "EMPTY": ""})
    assert read.containers[0].label("k") == value


def test_env_file(tmp_path: Path) -> None:
    written(tmp_path, "# a\nexport A='x y'\nB=z # c\n", ".env")
    file = written(tmp_path, "services: {a: {labels: {k: '$A$B'}}}")
    assert read_compose(file, environment={"B": "w"}).containers[0].label("k") == "x yw"


def test_swarm_labels_stand_under_deploy(tmp_path: Path) -> None:
    text = "services: {a: {labels: {x: '1'}, deploy: {labels: {traefik.http.services.s.loadbalancer.server.port: 80}}}}"
    read = read_compose(written(tmp_path, text), project="stack", environment={}, swarm=True)
    assert read.containers[0].name == "stack_a"
    assert [service.name for service in contribution(read.containers, SWARM).services] == ["s"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "the file is empty", id="empty"),
        pytest.param("# only a comment\n", "the file is empty", id="comment"),
        pytest.param("services: [", "compose.yml:1: the file is not YAML", id="not-yaml"),
        pytest.param("a: 1", "no map 'services'", id="no-services"),
        pytest.param("services: 1", "no map 'services'", id="services-scalar"),
        pytest.param("a: 1\nb: 1\na: 2", "compose.yml:3: 'a' stands twice", id="twice"),
        pytest.param(b"\x7fELF\x00\x01", "compose.yml:1: the file holds a zero byte", id="binary"),
        pytest.param(b"a: b\n\xff\xfe", "compose.yml:2: the file is not text", id="not-utf-8"),
        pytest.param("a: " + "x" * LARGEST_FILE, "configuration files of up to 524288 bytes are read", id="huge"),
        pytest.param("[" * 5000, "compose.yml", id="deep"),
        pytest.param("a: &a [*a]", "compose.yml:1: more than 40 levels", id="cyclic"),
        pytest.param("l0: &l0 [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
            f"l{n}: &l{n} [{','.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)) + "\nservices: {}",
            "when its aliases (*name) are followed", id="billion-laughs"),
        pytest.param("services: {a: {labels: {k: '${A'}}}", "'${' is not closed", id="open-variable"),
        pytest.param("services: {a: {labels: {k: '${A!}'}}}", "is not understood", id="odd-variable"),
        pytest.param("services: {a: {labels: {k: 'a ${'}}}", "write $$", id="lone-dollar"),
        pytest.param("services: {a: {labels: {k: '${A:?set me}'}}}", "required and not set. set me", id="required"),
        pytest.param("services: {a: {labels: {k: [1]}}}", "the label 'k' holds a list", id="label-list"),
        pytest.param("services: {a: {labels: text}}", "labels are a list", id="labels-text"),
        pytest.param("services: {? [a] : b}", "a key must be a text", id="odd-key"),
    ],
)  # fmt: skip
def test_bad_compose(tmp_path: Path, text: str | bytes, message: str) -> None:
    start = time.process_time()
    with pytest.raises(Unreadable) as caught:
        read_compose(written(tmp_path, text), environment={})
    assert message in str(caught.value)
    assert time.process_time() - start < 15


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read: No such file"):
        read_compose(tmp_path / "none.yml")


DYNAMIC = """\
http:
  routers:
    chat:
      rule: Host(`a`)
      service: s
      tls: {}
      priority: 12
      entryPoints: [websecure]
    plain:
      rule: Host(`b`)
      service: w
      tls:
  services:
    s:
      loadBalancer:
        servers: [{url: "http://127.0.0.1:9000"}, {url: "http://127.0.0.1:9001"}]
        sticky: {cookie: {}}
    w:
      weighted:
        services: [{name: s, weight: 1}]
"""


def test_dynamic(tmp_path: Path) -> None:
    made = read_dynamic([written(tmp_path, DYNAMIC, "a.yml")])
    assert [(r.name, r.tls, r.priority, r.location and r.location.line) for r in made.routers] == [
        ("chat", Tls(), 12, 4),
        ("plain", None, 0, 10),
    ]
    assert [(s.name, s.kind, len(s.servers), s.members, s.sticky) for s in made.services] == [
        ("s", "loadBalancer", 2, (), ""),
        ("w", "weighted", 0, ("s",), None),
    ]


def test_toml(tmp_path: Path) -> None:
    text = "[http.routers.a]\nrule = 'Host(`a`)'\n[[http.services.s.loadBalancer.servers]]\nurl = 'http://x'\n"
    made = read_dynamic([written(tmp_path, text, "a.toml")])
    assert (made.routers[0].rule, made.services[0].servers[0].url) == ("Host(`a`)", "http://x")


def test_folder_keeps_the_first_of_a_name(tmp_path: Path) -> None:
    for name in ("a.yml", "b.yaml", "c.txt"):
        written(tmp_path, DYNAMIC, name)
    made = read_dynamic([tmp_path])
    assert len(made.routers) == 2
    assert [drop.name for drop in made.dropped] == ["chat", "plain", "s", "w"]


def test_a_router_without_a_rule_is_dropped(tmp_path: Path) -> None:
    made = read_dynamic([written(tmp_path, "http: {routers: {a: text}}", "a.yml")])
    assert (made.routers, made.dropped[0].why) == ((), "the router has no rule")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("http: {routers: {a: {rule: x, servce: y}}}", "1: http.routers.a.servce is not known", id="typo"),
        pytest.param("http:\n  routers:\n    a:\n      priority: x", "a.yml:4: http.routers.a.priority is", id="type"),
        pytest.param("http: {services: {a: {loadBalancer: x}}}", "cannot stand alone", id="scalar"),
        pytest.param("http: [1]", "", id="list"),
        pytest.param("{{ range $i }}\na: [", "not run here", id="template"),
    ],
)  # fmt: skip
def test_bad_dynamic(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_dynamic([written(tmp_path, text, "a.yml")])
    assert message in str(caught.value)


STATIC = """\
entryPoints:
  web:
    address: ":80"
    http: {redirections: {entryPoint: {to: websecure}}}
  websecure:
    address: ":443"
    asDefault: true
    http:
      tls: {certResolver: le}
      encodedCharacters: {allowEncodedSlash: false}
providers:
  docker: {exposedByDefault: false, network: edge}
"""


def test_static(tmp_path: Path) -> None:
    read = read_static(written(tmp_path, STATIC, "traefik.yml"))
    web, secure = read.entrypoints
    assert (web.redirect_to, secure.as_default, secure.tls) == ("websecure", True, Tls("le"))
    assert secure.paths.denied == {"%2F"}
    assert read.docker is not None
    assert (read.docker.exposed_by_default, read.docker.network, read.swarm) == (False, "edge", None)


def test_static_arguments() -> None:
    arguments = [
        "--entrypoints.web.address=:80",
        "--providers.docker",
        "--providers.docker.exposedbydefault=false",
        "x",
    ]
    read = static_arguments(arguments, Location("compose.yml", 3))
    assert [(e.name, e.address) for e in read.entrypoints] == [("web", ":80")]
    assert read.docker is not None
    assert not read.docker.exposed_by_default

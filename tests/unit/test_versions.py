"""The table of versions: every row fires on one and stays silent on the next, and its source is a link."""

from __future__ import annotations

import pytest

from raven_realtime.findings import catalogue
from raven_realtime.live.checks.versions import judged
from raven_realtime.versions import TABLE, Trait, exact, faults, number, of_image, reads_labels

EVERYTHING = frozenset(Trait) - {Trait.RESOLVE, Trait.STICKY, Trait.LOG_OPTION}
"""What a running system has: an nginx that runs knows all that it was given."""
FIRES: dict[str, tuple[dict[str, str], list[str], dict[str, str]]] = {
    "retry": ({"traefik": "3.7.6"}, ["RT060"], {"traefik": "3.7.8"}),
    "retry, the second": ({"traefik": "v3.7.7"}, ["RT060"], {"traefik": "3.7.5"}),
    "Docker 29": (
        {"docker": "29.0.1", "traefik": "3.6.0"},
        ["RT061"],
        {"docker": "29.0.1", "traefik": "3.6.1"},
    ),
    "Docker 29, Traefik 2": (
        {"docker": "29.1.0", "traefik": "2.11.30"},
        ["RT061"],
        {"docker": "28.5.2", "traefik": "2.11.30"},
    ),
    "lingering timeout": ({"traefik": "2.11.1"}, ["RT023"], {"traefik": "2.11.2"}),
    "lingering timeout, the candidate": ({"traefik": "3.0.0-rc4"}, ["RT023"], {"traefik": "3.0.0-rc5"}),
    "HTTP/2": ({"traefik": "3.2.4"}, ["RT024"], {"traefik": "3.2.5"}),
    "nginx's defaults": ({"nginx": "1.30.6"}, ["RT062"], {"nginx": "1.28.3"}),
    "nginx's holes": ({"nginx": "1.30.1"}, ["RT062", "RT063", "RT063"], {"nginx": "1.22.1"}),
    "one of nginx's holes": ({"nginx": "1.31.2"}, ["RT062", "RT063"], {"nginx": "1.26.3"}),
}


@pytest.mark.parametrize(("broken", "codes", "sound"), FIRES.values(), ids=FIRES.keys())
def test_row(broken: dict[str, str], codes: list[str], sound: dict[str, str]) -> None:
    assert [found.code for found in judged(broken, EVERYTHING)] == codes
    assert judged(sound, EVERYTHING) == []


TOO_OLD = {
    Trait.RESOLVE: ("1.26.3", "1.27.3"),
    Trait.STICKY: ("1.28.3", "1.29.6"),
    Trait.LOG_OPTION: ("1.18", "1.19.5"),
}


@pytest.mark.parametrize("trait", TOO_OLD)
def test_an_nginx_that_is_too_old(trait: Trait) -> None:
    old, new = TOO_OLD[trait]
    assert [found.code for found in judged({"nginx": old}, [trait])] == ["RT064"]
    assert "RT064" not in {found.code for found in judged({"nginx": new}, [trait])}


def test_every_row_fires_somewhere() -> None:
    shown = {fault for broken, _, _ in FIRES.values() for fault, _ in faults(broken, having=EVERYTHING)}
    shown |= {fault for trait, (old, _) in TOO_OLD.items() for fault, _ in faults({"nginx": old}, having=[trait])}
    assert shown == set(TABLE)


@pytest.mark.parametrize(
    ("api", "reads"),
    [("1.24", True), ("1.43", True), ("1.44", False), ("1.52", False), ("<no value>", False), ("", False)],
)
def test_whether_any_traefik_reads_the_labels_of_a_docker(api: str, reads: bool) -> None:
    assert reads_labels(api) is reads


def test_what_takes_a_retry_is_silent_without_one() -> None:
    assert judged({"traefik": "3.7.6"}) == []


def test_what_takes_the_defaults_is_silent_where_they_are_said() -> None:
    assert judged({"nginx": "1.30.6"}) == []


def test_what_a_row_says() -> None:
    (found,) = judged({"docker": "29.0.1", "traefik": "3.6.0"})
    assert found.evidence.startswith("Docker 29.0.1 with Traefik 3.6.0: ")
    assert "https://github.com/traefik/traefik/issues/12253" in found.evidence


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.wrong[:40])
def test_sources_are_links_and_codes_are_known(fault: object) -> None:
    assert str(getattr(fault, "source", "")).startswith("https://")
    assert getattr(fault, "code", "") in catalogue()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.7.6", (3, 7, 6, 1_000_000)),
        ("v3.0.0-rc4", (3, 0, 0, 4)),
        ("2.11", (2, 11, 0, 1_000_000)),
        ("1.22.1-9+deb12u1", (1, 22, 1, 1_000_000)),
        ("latest", None),
        ("", None),
    ],
)
def test_number(text: str, expected: object) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v3.7.6", "3.7.6"),
        ("1.30.1-alpine3.22", "1.30.1"),
        ("3.0.0-rc4", "3.0.0-rc4"),
        ("3.6", ""),
        ("v3", ""),
        ("stable", ""),
        ("1.2.3.4", ""),
        ("", ""),
    ],
)
def test_only_one_version_is_one(text: str, expected: str) -> None:
    assert exact(text) == expected


DIGEST = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("image", "said", "expected"),
    [
        ("traefik:v3.7.6", {}, ("traefik", "3.7.6")),
        (f"docker.io/library/traefik:v3.7{DIGEST}", {}, ("traefik", "")),
        (f"traefik{DIGEST}", {"org.opencontainers.image.version": "v3.7.6"}, ("traefik", "3.7.6")),
        (f"nginx{DIGEST}", {"NGINX_VERSION": "1.30.1"}, ("nginx", "1.30.1")),
        ("nginxinc/nginx-unprivileged:1.29.3-alpine", {}, ("nginx", "1.29.3")),
        ("localhost:5000/nginx:1.29.3", {}, ("nginx", "1.29.3")),
        ("nginx:latest", {"org.opencontainers.image.version": "24.04"}, ("nginx", "")),
        ("docker:29.0.1-dind", {}, ("docker", "29.0.1")),
        ("docker:29.0.1-cli", {}, ("", "")),
        ("jwilder/nginx-proxy:1.7.0", {}, ("", "")),
        ("frappe/erpnext:v15.40.0", {}, ("", "")),
        ("", {}, ("", "")),
    ],
)
def test_what_an_image_says(image: str, said: dict[str, str], expected: tuple[str, str]) -> None:
    assert of_image(image, said, said) == expected

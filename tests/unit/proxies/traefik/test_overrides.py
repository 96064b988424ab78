"""Compose files that are put on top of each other: which ones, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from raven_realtime.proxies.traefik.compose import read_compose
from raven_realtime.proxies.traefik.elements import Element, yaml_element
from raven_realtime.proxies.traefik.overrides import merged, projects

BASE = "services: {a: {image: x, labels: [k=1, l=2], command: [run, it]}, b: {build: .}}"
OTHER = "services: {a: {image: y}}"
TOP = "services: {a: {labels: [k=3]}}"
NOTHING = "services: {c: {labels: [k=3]}}"


def grouped(**files: str) -> dict[str, list[str]]:
    """Return for each project its first file, and the values of the label k and the image of `a`."""
    found = projects((Path(name), yaml_element(text, name)) for name, text in files.items())
    return {str(project.path): said(project.root) for project in found}


def said(root: Element) -> list[str]:
    service = root.path("services", "a")
    labels = service.get("labels") if service else None
    return [text for text in (labels.texts() if labels else []) if text.startswith("k")]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"base": BASE, "top": TOP}, {"base": ["k=3"]}, id="an override"),
        pytest.param({"top": TOP, "base": BASE}, {"base": ["k=3"]}, id="named first"),
        pytest.param(
            {"base": BASE, "other": OTHER, "top": TOP}, {"base": ["k=1"], "other": ["k=3"]}, id="the last before"
        ),
        pytest.param(
            {"base": BASE, "top": TOP, "other": OTHER}, {"base": ["k=3"], "other": []}, id="the one before it"
        ),
        pytest.param({"base": BASE, "nothing": NOTHING}, {"base": ["k=1"], "nothing": []}, id="of nothing"),
        pytest.param({"top": TOP}, {"top": ["k=3"]}, id="alone"),
        pytest.param({"base": BASE, "other": OTHER}, {"base": ["k=1"], "other": []}, id="two stacks"),
        pytest.param({"odd": "services: [a]", "base": BASE}, {"odd": [], "base": ["k=1"]}, id="no map of services"),
    ],
)
def test_which_files_go_together(files: dict[str, str], expected: dict[str, list[str]]) -> None:
    assert grouped(**files) == expected


def test_an_override_is_put_on_what_lies_nearest_above_it() -> None:
    names = {
        "compose.yaml": BASE,
        "demo/compose.yaml": OTHER,
        "demo/more/top.yaml": TOP,
        "overrides/top.yaml": TOP,
    }
    found = projects((Path(name), yaml_element(text, name)) for name, text in names.items())
    assert [[str(path) for path, _ in project.files] for project in found] == [
        ["compose.yaml", "overrides/top.yaml"],
        ["demo/compose.yaml", "demo/more/top.yaml"],
    ]


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        pytest.param("labels: [k=1, l=2]", "labels: {k: 3}", ["l=2", "k=3"], id="labels, list and map"),
        pytest.param("labels: {k: 1}", "labels: [l=2]", ["k=1", "l=2"], id="labels, map and list"),
        pytest.param("labels: {$k: 1}", "labels: {}", ["$$k=1"], id="a dollar in a key"),
        pytest.param("environment: [A, B=1]", "environment: {B: }", ["A", "B"], id="variables without a value"),
        pytest.param("command: [a, b]", "command: [c]", ["c"], id="a command is replaced"),
        pytest.param("ports: [80:80]", "ports: [80:80, 81:81]", ["80:80", "81:81"], id="a list grows"),
        pytest.param("image: a", "image: b", ["b"], id="a value"),
        pytest.param("networks: [a]", "networks: {b: {}}", ["a", "b"], id="networks, list and map"),
    ],
)
def test_what_is_put_on_top(lower: str, upper: str, expected: list[str]) -> None:
    key = lower.partition(":")[0]
    result = merged([yaml_element(text, "file") for text in (lower, upper)]).get(key)
    assert result
    assert sorted(result.texts()) == sorted(expected)


def test_places_stay_and_variables_are_filled_in(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(BASE)
    (tmp_path / ".env").write_text("NAME=erp\n")
    (tmp_path / "top.yml").write_text("services:\n  a:\n    labels:\n      - traefik.${NAME}=x\n")
    files = [
        (tmp_path / name, yaml_element((tmp_path / name).read_text(), name)) for name in ("compose.yml", "top.yml")
    ]
    (project,) = projects(files)
    first = read_compose(project.path, root=project.root, environment={}).containers[0]
    label = next(each for each in first.labels if each.key == "traefik.erp")
    assert (label.value, str(label.location)) == ("x", "top.yml:4")

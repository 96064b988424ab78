"""Each symptom is really produced, the doctor's first word on it is its code, and the mended twin gives no finding."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from raven_realtime.live.doctor.journey import diagnose
from raven_realtime.live.doctor.text import closing
from tests.live.doctor.promptness import within
from tests.symptoms import table
from tests.symptoms.listing import symptoms
from tests.symptoms.path import Path, Symptom
from tests.symptoms.world import World, asked

EACH = [pytest.param(symptom, id=name) for name, symptom in symptoms().items()]


@pytest.mark.parametrize("symptom", EACH)
def test_symptom(world: World, symptom: Symptom) -> None:
    path = symptom.broken_path
    with world.standing(path) as question:
        diagnosis = asked(question, path)
    assert diagnosis.verdict is not None, diagnosis
    assert diagnosis.verdict[1].code == symptom.code, diagnosis
    assert symptom.code in closing(diagnosis).partition("\n")[0]


def twins() -> Iterator[object]:
    """Give the mended twins, those that come to the same path as one."""
    paths: list[tuple[Path, list[str]]] = []
    for name, symptom in symptoms().items():
        same = next((names for path, names in paths if path == symptom.mended_path), None)
        if same is None:
            paths.append((symptom.mended_path, [name]))
        else:
            same.append(name)
    for path, names in paths:
        yield pytest.param(path, id=" ".join(name.partition("_")[0] for name in names))


@pytest.mark.parametrize("path", list(twins()))
def test_mended(world: World, path: Path) -> None:
    with world.standing(path) as question:
        diagnosis = asked(question, path)
    assert not diagnosis.findings, diagnosis
    assert diagnosis.healthy, diagnosis


HEALTHY = {
    "prod": Path(event=True, stay=2.5),
    "sandbox with the local tunnel": Path(event=True, stay=2.5, local_tunnel=True),
}


@pytest.mark.parametrize("path", HEALTHY.values(), ids=HEALTHY.keys())
def test_healthy(world: World, path: Path) -> None:
    with world.standing(path) as question:
        diagnosis = asked(question, path)
    assert not diagnosis.findings, diagnosis
    assert not diagnosis.unchecked


@pytest.mark.alone
@pytest.mark.parametrize("path", [Path(), Path(event=True)], ids=["from outside", "with an event"])
def test_healthy_in_time(world: World, path: Path) -> None:
    """Nothing of the doctor is made shorter here."""
    with world.standing(path) as question:
        diagnosis = within(5, lambda: asyncio.run(diagnose(question)), lambda walked: walked.seconds)
    assert not diagnosis.findings, diagnosis


def test_the_table_in_the_docs() -> None:
    assert table.FILE.read_text(encoding="utf-8") == table.page(), "run `make docs`"

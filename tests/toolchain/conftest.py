"""What tests of the toolchain share."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolchain import debian


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Leave no program on PATH but those that the test makes in this folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(debian, "SYSTEM_FOLDERS", ())
    return folder

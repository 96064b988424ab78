"""What a change can reach."""

from __future__ import annotations

import pytest

from tests.changed import reached

TEXTS = {
    "knowledge/__init__.py": "",
    "knowledge/a.py": "from knowledge import b",
    "knowledge/b.py": "",
    "knowledge/rules/__init__.py": "import_module(f'{__name__}.{name}')",
    "knowledge/rules/one.py": "",
    "knowledge/kinds.py": "import_module(f'knowledge.late.{name}')",
    "knowledge/late/x.py": "",
    "raven_realtime/cli.py": "import knowledge.a",
    "tests/golden.py": "",
    "tests/near/conftest.py": "from tests import golden",
    "tests/near/test_near.py": "",
    "tests/test_a.py": "from knowledge.a import x",
    "tests/test_b.py": "import knowledge.b",
    "tests/test_late.py": "from knowledge import kinds",
    "tests/test_x.py": "from knowledge.late import x",
    "tests/test_rules.py": "from knowledge import rules",
    "tests/test_started.py": "run('raven-realtime', 'lint')",
}


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        (["knowledge/b.py"], "test_a test_b test_started"),
        (["knowledge/a.py"], "test_a test_started"),
        (["knowledge/rules/one.py"], "test_rules"),
        (["knowledge/late/x.py"], "test_late test_x"),
        (["knowledge/rules/data.json"], "test_rules"),
        (["tests/test_b.py"], "test_b"),
        (["tests/near/golden/x.txt"], "near/test_near"),
        (["tests/golden.py"], "near/test_near"),
        (["docs/a.md"], ""),
        (["requirements/dev.txt"], "near/test_near test_a test_b test_late test_rules test_started test_x"),
    ],
)
def test_what_a_change_can_reach(changed: list[str], tests: str) -> None:
    assert reached(changed, TEXTS) == [f"tests/{name}.py" for name in tests.split()]

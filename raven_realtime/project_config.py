"""The `config` section of Pulumi.yaml, generated from the settings: ``python -m raven_realtime.project_config``."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from ruamel.yaml import YAML

from raven_realtime.settings import TARGETS, differs, keys

PROJECT_FILE = Path("Pulumi.yaml")


def declarations() -> dict[str, dict[str, Any]]:
    """Return each key's declaration (type, description, default), as Pulumi's project file spells it.

    Pulumi's typed configuration has no optional keys: what may be left out, or has a default in each target, has an
    empty one. A secret can have no default in clear text, so the optional secrets (apiKey, apiSecret, ngrokAuthtoken)
    cannot be declared.
    Source: Pulumi documentation, "Pulumi project file", `config` options.
    """
    declared: dict[str, dict[str, Any]] = {}
    for target, model in TARGETS.items():
        for key, field in keys(model).items():
            if key in declared or field.annotation == SecretStr | None:
                continue
            having = {name: keys(model)[key] for name, model in TARGETS.items() if key in keys(model)}
            shared = not differs(key)
            scope = "" if len(having) == len(TARGETS) else f" ({target} only)"
            if not shared:
                scope = f" (default: {', '.join(f'{one.default} in {name}' for name, one in having.items())})"
            entry: dict[str, Any] = {"description": f"{field.description}{scope}"}
            if field.annotation is bool:
                entry |= {"type": "boolean", "default": field.default}
            elif "int" in str(field.annotation):
                entry |= {"type": "integer", "default": (shared and field.default) or 0}
            elif "tuple" in str(field.annotation):
                entry |= {"type": "array", "items": {"type": "string"}, "default": []}
            elif field.is_required():
                entry |= {"type": "string"}
            else:
                entry |= {"type": "string", "default": field.default or ""}
            declared[key] = entry
    return declared


def updated(project: str) -> str:
    """Return the text of a Pulumi.yaml with its `config` section as the settings model has it."""
    yaml = YAML()
    yaml.width = 120
    document = yaml.load(project)
    document["config"] = declarations()
    buffer = io.StringIO()
    yaml.dump(document, buffer)
    return buffer.getvalue()


def main() -> None:
    """Rewrite Pulumi.yaml in place; with ``--check`` only tell whether it is in step (exit 1 if not)."""
    old = PROJECT_FILE.read_text()
    new = updated(old)
    if "--check" in sys.argv:
        raise SystemExit(new != old)
    PROJECT_FILE.write_text(new)


if __name__ == "__main__":
    main()

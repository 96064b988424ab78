"""The diagnosis as JSON, and its schema: ``python -m raven_realtime.live.doctor.document`` writes it into docs/."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.report import FindingReport, ResultReport

SCHEMA_FILE = Path("docs/doctor.schema.json")


class Document(BaseModel):
    """What `raven-realtime doctor -o json` prints."""

    model_config = ConfigDict(title="raven-realtime doctor")

    version: Literal[1] = Field(1, description="The version of this format; a field's meaning never changes in one")
    url: str = Field(description="What was asked: scheme, host and port")
    site: str = Field(description="The Frappe site, the Socket.IO namespace without its slash")
    started: datetime
    seconds: float = Field(ge=0)
    healthy: bool = Field(description="Whether no check failed; what was not checked is no failure and no pass")
    sentence: str = Field(description="The verdict in words")
    verdict: FindingReport | None = Field(
        description="The finding that decides: the outermost failure or its cause; the first warning where healthy"
    )
    path: dict[str, Literal["proven", "broken", "unknown"]] = Field(description="Each part of the path, outside in")
    stacks: list[str] = Field(description="Who showed themselves on the way: traefik, nginx, ngrok …")
    generations: list[str] = Field(
        description="What Frappe's realtime server may be by all that was seen: 14, 15, 16, secret, python-gevent, "
        "python-asyncio; empty where it did not show itself"
    )
    results: list[ResultReport]

    @classmethod
    def of(cls, diagnosis: Diagnosis) -> Document:
        """Return a diagnosis as it stands in JSON, its findings with the remedies for the stack that was seen."""
        fitted = [FindingReport.of(found) for _, found in diagnosis.findings]
        results = [ResultReport.of(result) for result in diagnosis.results]
        remaining = iter(fitted)
        for result in results:
            result.findings = [next(remaining) for _ in result.findings]
        return cls(
            version=1,
            url=diagnosis.target.origin,
            site=diagnosis.target.site or diagnosis.target.host,
            started=datetime.fromtimestamp(diagnosis.started_at, UTC),
            seconds=round(diagnosis.seconds, 3),
            healthy=diagnosis.healthy,
            sentence=diagnosis.sentence,
            verdict=FindingReport.of(diagnosis.verdict[1]) if diagnosis.verdict else None,
            path={part: state.value for part, state in diagnosis.path.items()},
            stacks=list(diagnosis.stacks),
            generations=[generation.value for generation in diagnosis.generations],
            results=results,
        )


def schema() -> str:
    """Return the JSON schema of the document, as the file in docs/ holds it."""
    return json.dumps(Document.model_json_schema(mode="serialization"), indent=2) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if SCHEMA_FILE.is_file() and SCHEMA_FILE.read_text(encoding="utf-8") == schema() else 1)
    SCHEMA_FILE.write_text(schema(), encoding="utf-8")

"""Start the generation that the bench has."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path


def main() -> None:
    """Serve until a signal ends it."""
    bench = Path(os.environ["DEMO_BENCH"])
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # Read without the rest of the demo: gevent has to patch the standard library before anything else is imported.
    name = os.environ.get("DEMO_GENERATION") or json.loads((bench / "demo.json").read_text())["generation"]
    if name == "python-gevent":
        from gevent import monkey  # noqa: PLC0415

        monkey.patch_all()
        from demo.realtime_python import under_gevent as program  # noqa: PLC0415
    else:
        from demo.realtime_python import under_asyncio as program  # type: ignore[no-redef]  # noqa: PLC0415
    program.serve(bench, name)

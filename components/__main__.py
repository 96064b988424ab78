"""The component package: `pulumi package add <repo>/components`.

The host reads the types of arguments and outputs as they are, so the modules of packaged components do not postpone the
evaluation of annotations.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi import Inputs
from pulumi.provider import main
from pulumi.provider.experimental.component import ComponentProvider

from components.sandbox import RealtimeSandbox
from components.sidecar import RealtimeSidecar


class Package(ComponentProvider):
    """The components' provider; an argument that a component does not know reaches it too, and is refused there."""

    def map_inputs(self, inputs: Inputs, component_def: Any) -> Inputs:
        """Return the arguments under Python's names, and with them those that have none."""
        known = super().map_inputs(inputs, component_def)
        unknown = {key: value for key, value in inputs.items() if key not in component_def.inputs and value is not None}
        return {**known, **unknown}


if __name__ == "__main__":
    main(Package([RealtimeSidecar, RealtimeSandbox], "raven-realtime"), sys.argv[1:])

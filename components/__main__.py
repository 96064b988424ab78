"""The component package: `pulumi package add <repo>/components`.

The host reads the types of arguments and outputs as they are, so the modules of packaged components do not postpone the
evaluation of annotations.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi.provider.experimental import component_provider_host

from components.sandbox import RealtimeSandbox
from components.sidecar import RealtimeSidecar

if __name__ == "__main__":
    component_provider_host(name="raven-realtime", components=[RealtimeSidecar, RealtimeSandbox])

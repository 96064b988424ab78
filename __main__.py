"""The Pulumi program: settings → component → outputs. `pulumi up --stack sandbox` or `--stack prod`."""

from typing import cast

import pulumi

from components.sandbox import RealtimeSandbox, RealtimeSandboxArgs
from components.sidecar import RealtimeSidecar, RealtimeSidecarArgs
from components.stack_settings import arguments, stack_settings
from raven_realtime.settings import Sandbox

settings = stack_settings()
if isinstance(settings, Sandbox):
    sandbox = RealtimeSandbox("sandbox", cast(RealtimeSandboxArgs, arguments(settings)))
    pulumi.export("public_url", sandbox.public_url)
    pulumi.export("socket_url", sandbox.socket_url)
    pulumi.export("checks", sandbox.checks)
else:
    sidecar = RealtimeSidecar("frappe-socketio", cast(RealtimeSidecarArgs, arguments(settings)))
    pulumi.export("public_urls", sidecar.public_urls)
    pulumi.export("container_name", sidecar.container_name)
    pulumi.export("sizes", sidecar.sizes)
    pulumi.export("checks", sidecar.checks)

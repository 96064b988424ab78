"""A container that Traefik leads to comes back by itself."""

from collections.abc import Mapping
from typing import Any

from pulumi_policy import EnforcementLevel, ResourceValidationArgs, ResourceValidationPolicy, Severity


def remediate(args: ResourceValidationArgs) -> Mapping[str, Any] | None:
    """Set the restart policy where it is not set: Docker's default is `no`."""
    if args.resource_type != "docker:index/container:Container" or args.props.get("restart") not in {None, "no"}:
        return None
    args.props["restart"] = "unless-stopped"  # type: ignore[index]  # the SDK's proxy takes values
    return args.props


POLICY = ResourceValidationPolicy(
    name="mend-restart",
    description="Containers get the restart policy unless-stopped where they have none.",
    remediate=remediate,  # type: ignore[arg-type]  # the SDK takes plain results too, and its hint does not say so
    enforcement_level=EnforcementLevel.DISABLED,
    severity=Severity.MEDIUM,
    tags=["realtime", "mend"],
    remediation_steps="Set this policy's enforcement level to remediate, or set `restart` yourself.",
)

"""A program of its own, outside the package, that uses the sidecar: `pulumi preview` or `pulumi up` in this folder."""

import pulumi


class RealtimeSidecar(pulumi.ComponentResource):
    """The packaged component, by its token; a generated SDK has this class ready-made."""

    def __init__(self, name: str, args: pulumi.Inputs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the sidecar; the arguments are those of the package's schema."""
        outputs = {"publicUrls": None, "checks": None, "containerName": None, "sizes": None}
        super().__init__("raven-realtime:index:RealtimeSidecar", name, {**args, **outputs}, opts, remote=True)

    @property
    def public_urls(self) -> pulumi.Output[list[str]]:
        """The URL of each host."""
        return pulumi.get(self, "publicUrls")

    @property
    def checks(self) -> pulumi.Output[dict[str, str]]:
        """For each check the line that it printed, and when it last passed."""
        return pulumi.get(self, "checks")


config = pulumi.Config()
# to try it on a server of your own making: where the name leads, and who signs its certificate
trial = {key: value for key in ("publicAddress", "caFile") if (value := config.get(key))}
sidecar = RealtimeSidecar(
    "frappe-socketio",
    {
        "hosts": [config.require("host")],
        "image": config.require("image"),
        "certResolver": config.require("certResolver"),
        "capacity": 2_000,
        **trial,
    },
)
pulumi.export("public_urls", sidecar.public_urls)
pulumi.export("checks", sidecar.checks)

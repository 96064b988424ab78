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


config = pulumi.Config()
sidecar = RealtimeSidecar(
    "frappe-socketio",
    {
        "hosts": [config.require("host")],
        "image": config.require("image"),
        "certResolver": "letsencrypt",
        "capacity": 2_000,
    },
)
pulumi.export("public_urls", sidecar.public_urls)

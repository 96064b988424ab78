"""The tunnel through ngrok's edge: one agent, one or two endpoints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import pulumi
from pulumi_command import local

from components.commands import local_command, raven_realtime
from raven_realtime.sandbox.ngrok import PROGRAM, Endpoint, configuration


class NgrokTunnel(pulumi.ComponentResource):
    """The ngrok agent, supervised; its configuration is in the plan, its authtoken is not.

    It waits for nothing, since it may be refused, and starts supervisord itself where it does not run yet.
    """

    urls: list[pulumi.Output[str]]
    """The public URL of each endpoint, in their order."""

    def __init__(
        self,
        name: str,
        *,
        endpoints: Sequence[Endpoint],
        then: Endpoint | None,
        agent: str,
        authtoken: pulumi.Output[str],
        environment: dict[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the tunnel.

        Args:
            name: the component's name.
            endpoints: what is in the agent's file.
            then: an endpoint that needs the first one's random URL.
            agent: the ngrok program: a name on PATH, or a path.
            authtoken: the account's authtoken, a secret.
            environment: what every command of the sandbox has in its environment.
            opts: Pulumi's options.
        """
        super().__init__("raven-realtime:index:NgrokTunnel", name, {}, opts)
        options = ["--agent", agent, *(["--then", json.dumps(asdict(then))] if then else [])]
        self.agent = local_command(
            f"{name}-agent",
            raven_realtime("sandbox", "ngrok", *options),
            parent=self,
            stdin=configuration(endpoints),
            environment={**environment, "NGROK_AUTHTOKEN": authtoken},
            # an update that was interrupted after it leaves no other resource to end supervisord by
            delete=raven_realtime("sandbox", "remove", PROGRAM, "--down-if-last"),
            # errors embed the command and its output; the output never has the token, see ngrok_agent.py
            logging=local.Logging.STDERR,
        )
        # the URLs are public by nature, though a secret went into the command
        said = pulumi.Output.unsecret(self.agent.stdout)
        names = [endpoint.name for endpoint in (*endpoints, *([then] if then else []))]
        self.urls = [said.apply(lambda text, key=key: str(json.loads(text)[key])) for key in names]  # type: ignore[misc]
        self.register_outputs({"urls": self.urls})

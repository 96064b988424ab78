"""What the agent is told when no session or endpoint comes up, by ngrok's documented codes."""

from __future__ import annotations

from dataclasses import dataclass

DASHBOARD = "https://dashboard.ngrok.com"


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 (ngrok's answer, not a fault of the stand-in)
    """A code of ngrok's with the text that goes with it; ``kind`` begins the agent's own message."""

    code: str
    text: str
    kind: str = "authentication failed"

    @property
    def lines(self) -> list[str]:
        """The lines that the agent prints, each after ``ERROR:``."""
        link = f"https://ngrok.com/docs/errors/{self.code.lower()}"
        return [*f"{self.kind}: {self.text}".splitlines(), "", self.code, link, ""]

    @property
    def err(self) -> str:
        """The value of ``err`` in the log."""
        return f"{self.kind}: {self.text}\r\n\r\n{self.code}\r\n"


def no_token() -> Refusal:
    """No authtoken at all."""
    return Refusal(
        "ERR_NGROK_4018",
        "Usage of ngrok requires a verified account and authtoken.\n\n"
        f"Sign up for an account: {DASHBOARD}/signup\n"
        f"Install your authtoken: {DASHBOARD}/get-started/your-authtoken",
    )


def malformed_token(token: str) -> Refusal:
    """Something that is no authtoken; ngrok repeats it."""
    return Refusal(
        "ERR_NGROK_105",
        "The authtoken you specified does not look like a proper ngrok authtoken.\n"
        f"Your authtoken: {token}\n"
        "Instructions to install your authtoken are on your ngrok dashboard:\n"
        f"{DASHBOARD}/get-started/your-authtoken",
    )


def revoked_token(token: str) -> Refusal:
    """A well-formed authtoken that no account has; ngrok repeats it."""
    return Refusal(
        "ERR_NGROK_107",
        "The authtoken you specified is properly formed, but it is invalid.\n"
        f"Your authtoken: {token}\n"
        "This usually happens when:\n"
        "    - You reset your authtoken\n"
        "    - Your authtoken was for a team account that you were removed from\n"
        "    - You are using ngrok link and this credential was explicitly revoked\n"
        "Go to your ngrok dashboard and double check that your authtoken is correct:\n"
        f"{DASHBOARD}/get-started/your-authtoken",
    )


def second_agent() -> Refusal:
    """A second agent on a plan that allows one."""
    return Refusal(
        "ERR_NGROK_108",
        "Your account is limited to 1 simultaneous ngrok agent sessions.\n"
        "You can run multiple simultaneous endpoints from a single agent session by defining them in your agent\n"
        "configuration file and starting them with the command `ngrok start --all`.\n"
        "You can view your current agent sessions in the dashboard:\n"
        f"{DASHBOARD}/agents",
    )


def already_online(url: str) -> Refusal:
    """A URL that another endpoint serves."""
    return Refusal(
        "ERR_NGROK_334",
        f"The endpoint '{url}' is already online. Either\n"
        "1. stop your existing endpoint first, or\n"
        "2. start both endpoints with `--pooling-enabled` to load balance between them.",
        kind="failed to start tunnel",
    )

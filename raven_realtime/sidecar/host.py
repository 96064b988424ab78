"""The Docker host that a step works on: its daemon through the `docker` program, and the server around it."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from raven_realtime import ssh
from raven_realtime.docker_host import DockerHost
from raven_realtime.machine import Machine, environment
from raven_realtime.ports import SIDECAR_PORT
from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record

SECONDS = 120.0
"""How long one call of docker may take, a pull aside."""
PULL_SECONDS = 1800.0
HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
ASK = """\
if command -v curl >/dev/null; then exec curl -fsS --max-time 5 -H "Host: $3" "http://$1$2"; fi
if command -v wget >/dev/null; then exec wget -q -T 5 -O - --header "Host: $3" "http://$1$2"; fi
exec bash -c 'exec 3<>"/dev/tcp/${1%:*}/${1##*:}" && printf "GET %s HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n" "$2" "$3" >&3 &&
  sed "1,/^\\r*\\$/d" <&3' ask "$1" "$2" "$3"
"""
"""What asks http://$1$2 with Host $3 and prints the answer's body, with whatever client the image has."""
NO_CLIENT = 127
"""The exit code of `ASK` where the image has no program to ask with."""


class Failed(Exception):  # noqa: N818 (what docker said, no programming error)
    """A docker command failed; the message is what it printed."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said)
        self.code = code


@record
class Host:
    """Where the steps work. Get it with `reached`."""

    daemon: DockerHost
    server: Machine | None
    """The machine around the daemon; None behind ``tcp://``, where nothing but the daemon is known."""

    def docker(self, *arguments: str, stdin: str | None = None, seconds: float = SECONDS) -> str:
        """Run docker there and return what it printed on standard output, without the last line's end.

        Raises:
            Failed: it failed.
            Problem: there is no docker (or ssh) program here, or it does not end.
        """
        done = self._run(arguments, stdin, seconds)
        if done.returncode:
            raise Failed((done.stderr.strip() or done.stdout.strip())[-2000:], done.returncode)
        return done.stdout.removesuffix("\n")

    def log(self, container: str) -> str:
        """Return the last lines of what a container logged, on both of its streams."""
        done = self._run(("logs", "--tail", "20", container), None, SECONDS)
        return (done.stdout + done.stderr).strip()

    def _run(self, arguments: Sequence[str], stdin: str | None, seconds: float) -> subprocess.CompletedProcess[str]:
        command = self.daemon.command(arguments)
        try:
            return subprocess.run(
                command,
                input="" if stdin is None else stdin,
                capture_output=True,
                text=True,
                errors="replace",
                env=environment(),
                timeout=seconds,
                check=False,
            )
        except FileNotFoundError:
            wanted = {"docker": "Docker's command line", "ssh": "the OpenSSH client"}[command[0]]
            raise Problem(f"There is no {command[0]} program on the PATH; install {wanted}.") from None
        except subprocess.TimeoutExpired:
            raise Problem(
                f"docker {arguments[0]} did not end within {seconds:.0f} s; is the Docker host reachable?"
            ) from None

    def lines(self, *arguments: str) -> list[str]:
        """Run docker there and return the lines that it printed."""
        return self.docker(*arguments).splitlines()

    def file_of(self, container: str, file: str) -> str:
        """Return a text file of a container, links followed; empty if there is none, or it is no text."""
        command = self.daemon.command(["cp", "-L", f"{container}:{file}", "-"])
        done = subprocess.run(command, capture_output=True, env=environment(), timeout=SECONDS, check=False)
        try:
            with tarfile.open(fileobj=io.BytesIO(done.stdout)) as packed:
                members = [packed.extractfile(member) for member in packed.getmembers() if member.isfile()]
                return members[0].read().decode() if members and members[0] else ""
        except (tarfile.TarError, UnicodeDecodeError):
            return ""

    def ask_inside(self, container: str, path: str, name: str) -> str:
        """Ask the nginx inside a container, from within, and return the answer's body.

        Raises:
            Failed: it does not answer with success.
        """
        return self.docker("exec", container, "sh", "-c", ASK, "ask", f"127.0.0.1:{SIDECAR_PORT}", path, name)

    def ask_from(self, image: str, options: Sequence[str], address: str, name: str) -> str:
        """Take a handshake at an address from a container of its own, and return the answer's body.

        Raises:
            Failed: it does not answer with success.
        """
        run = ("run", "--rm", *options, "--entrypoint", "sh", image)
        return self.docker(*run, "-c", ASK, "ask", address, HANDSHAKE, name)


@contextmanager
def reached(address: str, key: Path | None, host_key: str, options: Sequence[str]) -> Iterator[Host]:
    """Give the host behind an address; ssh logs in once for all steps of an update.

    Args:
        address: as `docker -H` takes it; by default what the environment says.
        key: the private key for ``ssh://``.
        host_key: the server's public key.
        options: further options of ssh. If none of the three is given, the login is that of the last `pulumi up`.
    """
    login = ssh.login(address, key, host_key, options)
    with ssh.options_for(address, login.key, login.host_key, login.options) as given:
        if address.startswith("ssh://"):
            way = (*given, *ssh.shared(address, given, login))
            yield Host(DockerHost(address, way), Machine(address, way))
        else:
            server = None if address.startswith(("tcp://", "http://", "https://")) else Machine()
            yield Host(DockerHost(address), server)

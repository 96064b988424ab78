"""sshd on the server: a session finds its Docker daemon, ``bench`` and a home, and nothing of this machine's /run."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from demo.server.executables import found
from demo.server.layout import SERVER, Layout
from raven_realtime.sandbox.supervisor import Program
from raven_realtime.sandbox.whole_file import write_whole

USER = "root"
PORT = 22
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# what Debian's sshd locks itself in is not there on every machine; and the machine's Docker socket lies in /run
_OWN_RUN = "mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sshd"
# two servers of one machine share what is left in a home, if it is the machine's
_OWN_HOME = "mount --bind {passwd} /etc/passwd"


@dataclass(frozen=True)
class Access:
    """How to log in from outside."""

    folder: Path
    user: str = USER
    address: str = SERVER
    port: int = PORT

    @property
    def key(self) -> Path:
        """The client's private key, mode 0600."""
        return self.folder / "client"

    @property
    def known_hosts(self) -> Path:
        """A known_hosts file with the server's key."""
        return self.folder / "known_hosts"

    @property
    def options(self) -> tuple[str, ...]:
        """The flags of ssh that use the key and know the server: pulumi-docker's ``sshOpts``."""
        known = ("-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "StrictHostKeyChecking=yes")
        return ("-F", "none", "-i", str(self.key), "-o", "IdentitiesOnly=yes", *known)

    @property
    def docker_host(self) -> str:
        """The value for ``docker:host``."""
        return f"ssh://{self.user}@{self.address}"

    def command(self, *command: str) -> tuple[str, ...]:
        """Return an ssh command line that runs ``command`` on the server."""
        return ("ssh", *self.options, "-o", "BatchMode=yes", f"{self.user}@{self.address}", *command)


def program(layout: Layout) -> Program:
    """Write keys and configuration and return sshd."""
    access = Access(layout.ssh)
    layout.ssh.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("host", "client"):
        if not (layout.ssh / name).exists():
            make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", layout.name, "-f", str(layout.ssh / name)]
            subprocess.run(make, check=True)
    write_whole(access.known_hosts, f"{SERVER} {(layout.ssh / 'host.pub').read_text()}")
    session = f"DOCKER_HOST={layout.docker_host} PATH={layout.bin}:{PATH}"
    settings = {
        "ListenAddress": f"{SERVER}:{PORT}",
        "HostKey": layout.ssh / "host",
        "AuthorizedKeysFile": layout.ssh / "client.pub",
        "PidFile": "none",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "StrictModes": "no",  # the folder may lie below one that others may write to
        "UsePAM": "no",
        "UseDNS": "no",
        "MaxStartups": "100",
        "MaxSessions": "100",
        "Subsystem": "sftp internal-sftp",  # what CopyToRemote speaks
        "SetEnv": session,
    }
    config = layout.ssh / "sshd_config"
    write_whole(config, "".join(f"{key} {value}\n" for key, value in settings.items()))
    command = (found("sshd"), "-D", "-e", "-f", str(config))  # sshd insists on its own absolute path
    passwd = layout.ssh / "passwd"
    layout.home.mkdir(exist_ok=True)
    fields = (line.split(":") for line in Path("/etc/passwd").read_text().splitlines())
    write_whole(
        passwd, "".join(":".join((*f[:5], str(layout.home) if f[0] == USER else f[5], f[6])) + "\n" for f in fields)
    )
    setup = f"{_OWN_RUN} && {_OWN_HOME.format(passwd=shlex.quote(str(passwd)))}"
    return Program("sshd", layout.server.command(*command, setup=setup))

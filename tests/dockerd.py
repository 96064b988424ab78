"""A throw-away Docker daemon in a network namespace of its own: a test has its own 172.17.0.1 and leaves nothing.

``with throwaway_dockerd("name") as dockerd:`` starts one; see `Dockerd` for what it offers. A test that asks for one
fails when it cannot be started.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from toolchain.image import NGINX_IMAGE, ensure_nginx_image_tar, local_registry, push


@dataclass
class Dockerd:
    """A running daemon; its containers reach the namespace's host side at 172.17.0.1."""

    netns: str
    """The network namespace's name, as `ip netns` knows it."""
    folder: Path
    """Everything of the daemon's: data, socket, log. Gone afterwards."""
    tcp_port: int | None
    options: Sequence[str] = ()
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def host(self) -> str:
        """The value for DOCKER_HOST."""
        return f"unix://{self.folder}/docker.sock"

    @property
    def environment(self) -> Mapping[str, str]:
        """What a docker client needs in its environment."""
        return {"DOCKER_HOST": self.host}

    @property
    def inside(self) -> tuple[str, ...]:
        """The prefix that runs a command in the daemon's namespace, sharing the machine's files and processes."""
        return ("nsenter", f"--net=/run/netns/{self.netns}")

    def run(self, *command: str, timeout: float = 60) -> str:
        """Run a command inside the namespace and return its standard output; a failure raises with its error output."""
        return _run([*self.inside, *command], timeout=timeout)

    def docker(self, *arguments: str, timeout: float = 120) -> str:
        """Run the docker client against this daemon and return its standard output without the last line break."""
        return _run(["docker", *arguments], environment=self.environment, timeout=timeout).rstrip("\n")

    def load_nginx(self) -> str:
        """Load the nginx image of `toolchain.image` and return its id, ``sha256:…``."""
        self.docker("load", "-q", "-i", str(ensure_nginx_image_tar()))
        return self.docker("image", "inspect", "-f", "{{.Id}}", NGINX_IMAGE)

    @contextmanager
    def nginx_in_registry(self, port: int = 5000) -> Iterator[str]:
        """Serve the nginx image from a registry inside the namespace; gives ``localhost:5000/nginx@sha256:…``."""
        self.load_nginx()
        folder = self.folder / f"registry-{port}"
        folder.mkdir()
        with local_registry(folder, port=port, inside=self.inside) as address:
            yield push(NGINX_IMAGE, f"{address}/nginx", self.environment)

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        hosts = ["-H", self.host]
        if self.tcp_port is not None:
            hosts += ["-H", f"tcp://127.0.0.1:{self.tcp_port}"]
        command = [
            *("setpriv", "--pdeathsig", "TERM"),
            *self.inside,
            "dockerd",
            *hosts,
            f"--data-root={self.folder}/data",
            f"--exec-root={self.folder}/exec",
            f"--pidfile={self.folder}/docker.pid",
            "--log-level=warn",
            *self.options,
        ]
        with (self.folder / "dockerd.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and self.process.poll() is None:
            asked = subprocess.run(
                ["docker", "info"], env=os.environ | dict(self.environment), capture_output=True, check=False
            )
            if asked.returncode == 0:
                return
            time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"dockerd did not start:\n{(self.folder / 'dockerd.log').read_text()[-2000:]}")

    def stop(self) -> None:
        """Stop the daemon and with it its containers; `start` starts it again on the same data."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextmanager
def throwaway_dockerd(name: str, *, tcp_port: int | None = None, options: Sequence[str] = ()) -> Iterator[Dockerd]:
    """Run a daemon named for the test, and remove every trace of it afterwards.

    Args:
        name: a few letters; the namespace is called ``rr-dk-<name>-<pid>``.
        tcp_port: also listen here on the namespace's 127.0.0.1; without TLS, unless the options ask for it.
        options: further options of dockerd.
    """
    netns = f"rr-dk-{name}-{os.getpid()}"
    folder = Path(tempfile.mkdtemp(prefix=f"{netns}-"))
    dockerd = Dockerd(netns, folder, tcp_port, options)
    _run(["ip", "netns", "add", netns])
    try:
        dockerd.run("ip", "link", "set", "lo", "up")
        dockerd.start()
        try:
            yield dockerd
        finally:
            for container in dockerd.docker("ps", "-aq").split():
                dockerd.docker("rm", "-fv", container)
            dockerd.stop()
    finally:
        _run(["ip", "netns", "delete", netns])
        _remove(folder)


def _remove(folder: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        _run(["umount", "-l", mount])
    shutil.rmtree(folder)


def _run(command: Sequence[str], environment: Mapping[str, str] | None = None, timeout: float = 60) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | dict(environment or {}), timeout=timeout, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip()
        raise RuntimeError(f"`{' '.join(command)}` failed ({done.returncode}): {said}")
    return done.stdout

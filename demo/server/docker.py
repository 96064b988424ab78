"""The server's Docker daemon, the registry that its images come from, and the nginx image to pin."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

from demo.server.executables import found
from demo.server.layout import Layout
from demo.server.namespaces import kill
from raven_realtime.problem import Problem
from raven_realtime.sandbox.supervisor import Program
from raven_realtime.sandbox.whole_file import write_whole
from toolchain.image import NGINX_IMAGE, ensure_nginx_image_tar, push

REGISTRY_PORT = 5000
BRIDGE = "172.17.0.1"
"""The server's address as its containers see it: docker0's, Docker's default."""
FILES = 20_000
"""The most files that the daemon may give a container: as on a small server, and the same on every machine."""
CONTROL_GROUPS = Path("/sys/fs/cgroup")


def programs(layout: Layout) -> list[Program]:
    """Return the daemon and, on the server's loopback, a registry."""
    # without the capability, what the daemon starts cannot raise the limit either
    bounded = (found("prlimit"), f"--nofile={FILES}:{FILES}", found("setpriv"), "--bounding-set", "-sys_resource")
    daemon = (
        *bounded,
        found("dockerd"),
        f"--host={layout.docker_host}",
        f"--data-root={layout.folder}/docker/data",
        f"--exec-root={layout.folder}/docker/exec",
        f"--pidfile={layout.folder}/docker/pid",
        f"--cgroup-parent=/{layout.control_group}",
        "--exec-opt=native.cgroupdriver=cgroupfs",  # the parent above is a path, which systemd's driver refuses
        "--log-level=warn",
    )
    storage = {"filesystem": {"rootdirectory": str(layout.folder / "registry" / "images")}}
    config = layout.folder / "registry" / "registry.yml"
    listen = {"addr": f"127.0.0.1:{REGISTRY_PORT}"}
    write_whole(config, json.dumps({"version": 0.1, "log": {"level": "warn"}, "storage": storage, "http": listen}))
    registry = (found("docker-registry"), "serve", str(config))
    return [
        Program("dockerd", layout.server.command(*daemon), stop_seconds=30),
        Program("registry", layout.server.command(*registry)),
    ]


def environment(layout: Layout) -> dict[str, str]:
    """The environment of a docker client on this machine that is to reach the server's daemon."""
    return {**os.environ, "DOCKER_HOST": layout.docker_host}


def answers(layout: Layout) -> bool:
    """Tell whether the daemon answers."""
    if not layout.docker_socket.exists():
        return False
    ask = ["docker", "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(ask, env=environment(layout), capture_output=True, check=False, timeout=30).returncode == 0


def wait(layout: Layout, seconds: float = 40) -> None:
    """Wait until the daemon answers.

    Raises:
        Problem: it does not.
    """
    deadline = time.monotonic() + seconds
    while not answers(layout):
        if time.monotonic() > deadline:
            raise Problem(f"The server's Docker daemon does not answer. Its log: {layout.places.logs / 'dockerd.log'}")
        time.sleep(0.2)


def run(layout: Layout, *arguments: str, seconds: float = 120) -> str:
    """Run the docker client against the daemon and return its standard output.

    Raises:
        Problem: it failed; with its error output.
    """
    done = subprocess.run(
        ["docker", *arguments],
        env=environment(layout),
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode != 0:
        raise Problem(f"`docker {' '.join(arguments)}` failed on the demo server: {done.stderr.strip()}")
    return done.stdout.rstrip("\n")


def ensure_image(layout: Layout) -> str:
    """Have the nginx image in the daemon and its registry; return the name to pin, ``localhost:5000/nginx@sha256:…``.

    Raises:
        Problem: the image cannot be built, loaded or pushed.
    """
    archive = ensure_nginx_image_tar()
    if layout.image_note.exists():
        note = json.loads(layout.image_note.read_text())
        if note["archive"] == archive.name and _has(layout, note["image"]):
            return str(note["image"])
    run(layout, "load", "--quiet", "--input", str(archive))
    image = push(NGINX_IMAGE, f"localhost:{REGISTRY_PORT}/nginx", {"DOCKER_HOST": layout.docker_host})
    write_whole(layout.image_note, json.dumps({"archive": archive.name, "image": image}))
    return image


def _has(layout: Layout, image: str) -> bool:
    ask = ["docker", "image", "inspect", image]
    return subprocess.run(ask, env=environment(layout), capture_output=True, check=False).returncode == 0


def remove_containers(layout: Layout) -> None:
    """Remove every container, if the daemon answers; it would stop them one by one and give each ten seconds."""
    if answers(layout):
        containers = run(layout, "ps", "--all", "--quiet").split()
        if containers:
            run(layout, "rm", "--force", "--volumes", *containers)


def remove_leftovers(layout: Layout) -> None:
    """End containers that outlived their daemon, and remove control groups and mounts."""
    groups = _groups(layout)
    kill(lambda: [int(pid) for top in groups for file in top.rglob("cgroup.procs") for pid in _read(file)])
    for top in groups:
        for group in (*sorted((f for f in top.rglob("*") if f.is_dir()), reverse=True), top):
            group.rmdir()
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((point for point in mounts_below(mounted, layout.folder)), reverse=True):
        subprocess.run(["umount", "--lazy", mount], check=False)


def mounts_below(mounted: list[str], folder: Path) -> list[str]:
    """Return the mount points that lie in ``folder``."""
    return [point for point in mounted if point.startswith(f"{folder}/")]


def _groups(layout: Layout) -> list[Path]:
    """Return the server's control group, in each hierarchy where there are several (version 1)."""
    name = layout.control_group
    candidates = (CONTROL_GROUPS / name, *(each / name for each in CONTROL_GROUPS.iterdir() if not each.is_symlink()))
    return [group for group in candidates if group.is_dir()]


def _read(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []

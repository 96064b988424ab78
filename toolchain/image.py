"""An nginx image where no image registry can be reached: built from Debian packages, and served with a digest to pin.

The root file system is made by mmdebstrap and wrapped into an image archive whose configuration has no time stamps, so
the same files always give the same image id. A local ``docker-registry`` gives the image a real repository digest.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from raven_realtime.problem import Problem

NGINX_IMAGE = "raven-realtime/nginx:bookworm"
"""The name that the archive gives the image when it is loaded."""

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "images"

_EPOCH = "2024-01-01T00:00:00Z"
_MMDEBSTRAP = (
    "mmdebstrap",
    "--quiet",
    "--mode=root",
    "--variant=minbase",
    "--include=nginx-light,ca-certificates,curl",
    "--aptopt=Apt::Install-Recommends false",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    # as the official image does, so that `docker logs` shows both logs
    '--customize-hook=ln -sf /dev/stdout "$1/var/log/nginx/access.log"',
    '--customize-hook=ln -sf /dev/stderr "$1/var/log/nginx/error.log"',
    '--customize-hook=rm -rf "$1/var/cache/apt" "$1/var/lib/apt/lists" && mkdir -p "$1/var/lib/apt/lists/partial"',
    "bookworm",
)
_CONFIG: dict[str, Any] = {
    "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "Cmd": ["nginx", "-g", "daemon off;"],
    "ExposedPorts": {"80/tcp": {}},
    "StopSignal": "SIGQUIT",
}


def ensure_nginx_image_tar() -> Path:
    """Return the path of an image archive for ``docker load`` with nginx and curl, building it when it is not cached.

    The archive is kept under ``.cache/images`` and keyed by its recipe; building takes about 20 s and shows one line.

    Raises:
        Problem: mmdebstrap is missing or failed, or this is not root.
    """
    recipe = json.dumps([_MMDEBSTRAP, _CONFIG, NGINX_IMAGE, _EPOCH]).encode()
    archive = CACHE / f"nginx-{hashlib.sha256(recipe).hexdigest()[:16]}.tar"
    if archive.exists():
        return archive
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            print("building the nginx image from Debian packages (about 20 s)", flush=True)
            layer = CACHE / f"layer-{os.getpid()}.tar"
            partial = archive.with_suffix(".partial")
            try:
                _bootstrap(layer)
                _wrap(layer, partial)
                partial.replace(archive)
            finally:
                layer.unlink(missing_ok=True)
                partial.unlink(missing_ok=True)
    return archive


def _bootstrap(layer: Path) -> None:
    if shutil.which("mmdebstrap") is None:
        raise Problem(
            "mmdebstrap is not installed; the nginx image is built with it. Run `apt-get install mmdebstrap`."
        )
    if os.geteuid() != 0:
        raise Problem(
            "building the nginx image needs root (mmdebstrap makes device files). Run the same command with sudo."
        )
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1704067200"}
    done = subprocess.run(
        [*_MMDEBSTRAP, str(layer)], check=False, capture_output=True, text=True, env=environment, timeout=570
    )
    if done.returncode != 0:
        tail = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise Problem(f"mmdebstrap could not build the nginx image (exit {done.returncode}):\n{tail}")


def _wrap(layer: Path, archive: Path) -> None:
    digest = hashlib.sha256()
    with layer.open("rb") as data:
        while block := data.read(1 << 20):
            digest.update(block)
    config = json.dumps(
        {
            "architecture": _architecture(),
            "os": "linux",
            "created": _EPOCH,
            "config": _CONFIG,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest.hexdigest()}"]},
            "history": [{"created": _EPOCH, "created_by": "mmdebstrap"}],
        },
        sort_keys=True,
    ).encode()
    name = hashlib.sha256(config).hexdigest()
    manifest = json.dumps([{"Config": f"{name}.json", "RepoTags": [NGINX_IMAGE], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(archive, "w") as out:
        for path, content in ((f"{name}.json", config), ("manifest.json", manifest)):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            out.addfile(member, io.BytesIO(content))
        out.add(layer, arcname="layer.tar", filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = 0
    member.uname = member.gname = ""
    return member


def _architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


@contextmanager
def local_registry(folder: Path, *, port: int = 5000, inside: Sequence[str] = ()) -> Iterator[str]:
    """Run a docker-registry on 127.0.0.1 that keeps its images in ``folder``; gives its address, as ``localhost:5000``.

    Args:
        folder: where configuration, log and images are written; it must exist.
        port: where it listens on 127.0.0.1.
        inside: a command prefix that puts the registry elsewhere, as ``("nsenter", "--net=/run/netns/x")``.

    Raises:
        Problem: docker-registry is missing or did not answer within 10 s.
    """
    if shutil.which("docker-registry") is None:
        raise Problem("docker-registry is not installed. Run `apt-get install docker-registry`.")
    config = folder / "registry.yml"
    storage = {"filesystem": {"rootdirectory": str(folder / "images")}}
    config.write_text(json.dumps({"version": 0.1, "storage": storage, "http": {"addr": f"127.0.0.1:{port}"}}))
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *inside, "docker-registry", "serve", str(config)], stdout=log, stderr=log
        )
        try:
            _wait_for_registry(process, port, inside, folder / "registry.log")
            yield f"localhost:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait_for_registry(process: subprocess.Popen[bytes], port: int, inside: Sequence[str], log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if _answers(port, inside):
            return
        time.sleep(0.1)
    raise Problem(f"docker-registry on port {port} did not answer; its log ends with:\n{log.read_text()[-800:]}")


def _answers(port: int, inside: Sequence[str]) -> bool:
    url = f"http://127.0.0.1:{port}/v2/"
    if inside:
        asked = subprocess.run([*inside, "curl", "-sf", "-o", "/dev/null", url], check=False, timeout=5)
        return asked.returncode == 0
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def push(image: str, name: str, environment: Mapping[str, str]) -> str:
    """Push a loaded image to a registry and return the name to pin: ``localhost:5000/nginx@sha256:…``.

    Args:
        image: the image as the daemon knows it, as ``raven-realtime/nginx:bookworm``.
        name: the name to push under, with registry and without tag, as ``localhost:5000/nginx``.
        environment: what the docker client needs, such as ``DOCKER_HOST``.

    Raises:
        Problem: the daemon or the registry refused.
    """
    _docker(["tag", image, f"{name}:latest"], environment)
    pushed = _docker(["push", f"{name}:latest"], environment)
    digest = re.search(r"digest: (sha256:[0-9a-f]{64})", pushed)
    if digest is None:
        raise Problem(f"docker push {name} gave no digest; it said:\n{pushed[-400:]}")
    return f"{name}@{digest.group(1)}"


def _docker(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["docker", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | dict(environment),
        timeout=120,
    )
    if done.returncode != 0:
        raise Problem(f"`docker {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout

"""More versions of the real nginx than the system's: what differs between them is tested on them.

1.28 is built from its source, which the crate ``nginx-src`` carries: pinned down to the hash of what is built. The
newest comes with Debian's testing distribution, which moves on: its version is the one that it says itself.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from raven_realtime.problem import Problem
from toolchain.places import BUILDS
from toolchain.progress import Progress

CRATE, CRATE_VERSION = "nginx-src", "1.28.5"
CRATE_HASH = "63603457f099d0beb91b5635ffdeea0b5f940f0919ac67c9402217c5da41f537"
"""Of the names and contents of all files of nginx's source in it."""
MANIFEST = f"""\
[package]
name = "fetched"
version = "0.0.0"
edition = "2021"
[lib]
path = "empty.rs"
[dependencies]
{CRATE} = "={CRATE_VERSION}"
"""
CONFIGURE = ("--with-http_realip_module", "--with-http_auth_request_module", "--without-http_gzip_module")
DISTRIBUTION = "forky"
BOOTSTRAP = (
    "mmdebstrap",
    "--quiet",
    "--mode=root",
    "--variant=extract",
    "--include=nginx",
    '--aptopt=Acquire::Check-Valid-Until "false"',  # a mirror of some day ago is as good
    "--aptopt=Apt::Install-Recommends false",
    DISTRIBUTION,
)


@dataclass(frozen=True)
class NginxProgram:
    """One version of nginx, made where it is not there yet."""

    name: str
    recipe: str
    """What it is made from: another recipe is another build."""
    make: Callable[[Path, Progress], None]
    """Makes it in an empty folder."""

    @property
    def home(self) -> Path:
        """The folder of this build."""
        return BUILDS / f"nginx-{self.name}-{hashlib.sha256(self.recipe.encode()).hexdigest()[:12]}"

    @property
    def binary(self) -> Path:
        """Where the program lies, or will."""
        return self.home / "nginx"

    def ensure(self) -> Path:
        """Make it unless it is there; return its path.

        Raises:
            Problem: what makes it failed (with its last words).
        """
        if self.binary.is_file():
            return self.binary
        shutil.rmtree(self.home, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="nginx-", dir=BUILDS) as folder, Progress(f"nginx {self.name}") as said:
            made = Path(folder, "made")
            made.mkdir()
            self.make(made, said)
            made.chmod(0o755)
            made.rename(self.home)
        return self.binary


def _build(folder: Path, progress: Progress) -> None:
    Path(folder, "Cargo.toml").write_text(MANIFEST)
    Path(folder, "empty.rs").touch()
    _run(["cargo", "vendor", "--quiet"], folder, progress)
    source = folder / "vendor" / CRATE / "nginx"
    found = _hash(source)
    if found != CRATE_HASH:
        raise Problem(f"{CRATE} {CRATE_VERSION}: the source's hash is {found}, and {CRATE_HASH} is pinned.")
    _run(["sh", "auto/configure", "--prefix=/usr/share/nginx", *CONFIGURE], source, progress)
    _run(["make", "-j2"], source, progress)
    shutil.move(source / "objs" / "nginx", folder / "nginx")
    shutil.rmtree(folder / "vendor")


def _hash(source: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(each for each in source.rglob("*") if each.is_file()):
        digest.update(f"{file.relative_to(source)}\n".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _extract(folder: Path, progress: Progress) -> None:
    root = folder / "root"
    _run([*BOOTSTRAP, str(root)], folder, progress)
    for part in (*root.glob("var/*"), *root.glob("usr/share/*")):
        shutil.rmtree(part, ignore_errors=True)
    (loader,) = root.glob("usr/lib64/ld-linux*.so.*")
    (libraries,) = root.glob("usr/lib/*-linux-gnu")
    loading = f'"$here/{loader.relative_to(folder)}" --library-path "$here/{libraries.relative_to(folder)}"'
    start = folder / "nginx"
    start.write_text(
        f'#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexec {loading} "$here/root/usr/sbin/nginx" "$@"\n'
    )
    start.chmod(0o755)


def _run(command: list[str], folder: Path, progress: Progress) -> None:
    with subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        output = progress.follow(process)
    if process.returncode != 0:
        said = "\n".join([*output[-5:], *progress.last_lines])
        raise Problem(f"`{' '.join(command[:3])} …` failed with exit code {process.returncode}:\n{said}")


BUILT = NginxProgram("1.28", "\n".join([MANIFEST, CRATE_HASH, *CONFIGURE]), _build)
NEWEST = NginxProgram("newest", "\n".join(BOOTSTRAP), _extract)
PROGRAMS: Iterable[NginxProgram] = (BUILT, NEWEST)

"""nginx 1.28, built from its source, which the crate ``nginx-src`` carries; the hash of that source is pinned."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
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

RECIPE = "\n".join([MANIFEST, CRATE_HASH, *CONFIGURE])
HOME = BUILDS / f"nginx-1.28-{hashlib.sha256(RECIPE.encode()).hexdigest()[:12]}"
BINARY = HOME / "nginx"


def ensure() -> None:
    """Build it, unless it is there.

    Raises:
        Problem: what makes it failed (with its last words).
    """
    if BINARY.is_file():
        return
    shutil.rmtree(HOME, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="nginx-", dir=BUILDS) as folder, Progress("nginx 1.28") as progress:
        made = Path(folder, "made")
        made.mkdir()
        _build(made, progress)
        made.chmod(0o755)
        made.rename(HOME)


def _build(folder: Path, progress: Progress) -> None:
    Path(folder, "Cargo.toml").write_text(MANIFEST)
    Path(folder, "empty.rs").touch()
    _run([_cargo(), "vendor", "--quiet"], folder, progress)
    source = folder / "vendor" / CRATE / "nginx"
    found = _hash(source)
    if found != CRATE_HASH:
        raise Problem(f"{CRATE} {CRATE_VERSION}: the source's hash is {found}, and {CRATE_HASH} is pinned.")
    _run(["sh", "auto/configure", "--prefix=/usr/share/nginx", *CONFIGURE], source, progress)
    _run(["make", "-j2"], source, progress)
    shutil.move(source / "objs" / "nginx", folder / "nginx")
    shutil.rmtree(folder / "vendor")


def _cargo() -> str:
    """Return where cargo is, also where rustup puts it.

    Raises:
        Problem: there is none.
    """
    found = shutil.which("cargo") or shutil.which("cargo", path=Path.home() / ".cargo" / "bin")
    if found is None:
        raise Problem("nginx 1.28 is built from a crate, and cargo is not there. Install Rust 1.81 or newer (rustup).")
    return found


def _hash(source: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(each for each in source.rglob("*") if each.is_file()):
        digest.update(f"{file.relative_to(source)}\n".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _run(command: list[str], folder: Path, progress: Progress) -> None:
    progress.run(command, folder, f"`{' '.join(command[:3])} …`")

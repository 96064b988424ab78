"""The demo's bench folder: laid out as a real bench is, so that what reads a bench cannot tell the difference."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.generations import DEFAULT, Generation, named
from demo.site import Site
from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.problem import Problem

DEFAULT_SITE = "raven.localhost"
PASSWORD = "raven"
"""The demo users' password where only this machine can ask for it. Known on purpose: the sign-in form shows it."""

REDIS_PORT = 11000
"""Where a bench's own redis for queues and events listens (bench's default)."""

APPS = ("frappe", "raven")

EMBEDDED = "python-embedded"
"""The setting ``socketio_backend`` of a web process that serves Socket.IO too."""

_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)


@dataclass(frozen=True)
class Ports:
    """Where the three processes of a bench listen."""

    web: int = WEB_PORT
    socketio: int = SOCKETIO_PORT
    redis: int = REDIS_PORT


@dataclass(frozen=True)
class ApiKey:
    """A user's key and secret; ``header`` is what goes into ``Authorization``."""

    user: str
    key: str
    secret: str

    @property
    def header(self) -> str:
        """The value of the ``Authorization`` header, as Frappe takes it."""
        return f"token {self.key}:{self.secret}"


@dataclass(frozen=True)
class Bench:
    """A bench folder that exists."""

    path: Path

    @property
    def config_file(self) -> Path:
        """``sites/common_site_config.json``."""
        return self.path / "sites" / "common_site_config.json"

    @property
    def config(self) -> dict[str, object]:
        """The configuration that all sites share.

        Raises:
            Problem: the file is missing or is not a JSON object; with its name and, where known, the line.
        """
        return read_json_object(self.config_file)

    @property
    def password_file(self) -> Path:
        """Where the demo users' password is, if the bench has one of its own; readable by the owner alone."""
        return self.path / "password"

    @property
    def password(self) -> str:
        """The demo users' password."""
        return self.password_file.read_text().strip() if self.password_file.is_file() else PASSWORD

    @property
    def ports(self) -> Ports:
        """The ports that the bench's configuration names."""
        config = self.config
        redis = str(config.get("redis_queue", f"redis://127.0.0.1:{REDIS_PORT}"))
        return Ports(
            web=int(str(config.get("webserver_port", WEB_PORT))),
            socketio=int(str(config.get("socketio_port", SOCKETIO_PORT))),
            redis=int(redis.rsplit(":", 1)[1]),
        )

    @property
    def generation(self) -> Generation:
        """Which of Frappe's realtime servers the bench has."""
        return named(str(read_json_object(self.path / "demo.json")["generation"]))

    @property
    def is_embedded(self) -> bool:
        """Whether the web process serves Socket.IO too, on its own port."""
        return self.generation.embeds and self.config.get("socketio_backend") == EMBEDDED

    @property
    def redis_url(self) -> str:
        """The redis that carries the channel ``events``."""
        return str(self.config[self.generation.redis])

    @property
    def default_site(self) -> str:
        """The site that answers on localhost."""
        return str(self.config["default_site"])

    @property
    def sites(self) -> list[str]:
        """The names of the bench's sites: the folders below ``sites/`` with a ``site_config.json``."""
        return sorted(file.parent.name for file in (self.path / "sites").glob("*/site_config.json"))

    def site(self, name: str) -> Site | None:
        """The site of that name, or None when the bench has no such site (a name is never used as a path)."""
        return Site(name, self.path / "sites" / name / "demo.sqlite3") if name in self.sites else None

    def api_key_file(self, site: str) -> Path:
        """Where the demo user's API key for ``site`` is kept, readable by the owner alone."""
        return self.path / "sites" / site / "api_key.json"

    def api_key(self, site: str) -> ApiKey:
        """The demo user's API key for ``site``."""
        return ApiKey(**json.loads(self.api_key_file(site).read_text()))


def find_bench(start: Path) -> Bench | None:
    """The bench that ``start`` lies in, looking upwards as the real ``bench`` does, or None."""
    for folder in (start, *start.parents):
        if (folder / "sites").is_dir() and (folder / "apps").is_dir():
            return Bench(folder)
    return None


def create_bench(
    path: Path,
    *,
    sites: Sequence[str] = (DEFAULT_SITE,),
    ports: Ports | None = None,
    own_password: bool = False,
    generation: str = DEFAULT,
    config: Mapping[str, object] | None = None,
) -> Bench:
    """Lay out a bench at ``path``, or bring an existing demo bench up to date; the first of ``sites`` is the default.

    Done twice with the same arguments it changes nothing: messages, passwords and API keys stay.

    Args:
        path: an empty folder, a new one, or a demo bench.
        sites: their names.
        ports: where its programs listen.
        own_password: give the demo users a password that is made here, and kept in the file ``password``; for a bench
            that others can reach. Once made it stays.
        generation: which of Frappe's realtime servers it has, a name of ``demo.generations``.
        config: more for sites/common_site_config.json, such as ``webserver_host``, ``socketio_uds`` or
            ``{"socketio_backend": "python-embedded"}``.

    Raises:
        Problem: ``path`` holds something else than a demo bench, a site's name is missing or no host name, or there is
            no such generation.
    """
    chosen = named(generation)
    if not sites:
        raise Problem("A bench needs at least one site; none was given. Name one, such as raven.localhost.")
    for name in sites:
        if not _HOST_NAME.fullmatch(name):
            raise Problem(f"The site {name!r} is no host name. Call it like raven.localhost: letters, digits, - and .")
    if path.exists() and any(path.iterdir()) and not (path / "DEMO.md").is_file():
        raise Problem(
            f"{path} exists and is no demo bench (it has no DEMO.md). Give the path of an empty or a new folder."
        )
    bench = Bench(path.absolute())
    for folder in ("apps", "config/pids", "logs", "sites/assets"):
        (bench.path / folder).mkdir(parents=True, exist_ok=True)
    for relative in _SERVERS:
        (bench.path / relative).unlink(missing_ok=True)
    if own_password and not bench.password_file.is_file():
        bench.password_file.touch(mode=0o600)
        bench.password_file.write_text(secrets.token_urlsafe(12) + "\n")
    for relative, text in _files(bench, sites, ports or Ports(), chosen, config or {}):
        file = bench.path / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_text() != text:
            file.write_text(text)
    for name in sites:
        _create_site(bench, name)
    return bench


def read_json_object(file: Path) -> dict[str, object]:
    """Read a configuration file of a bench.

    Raises:
        Problem: it is missing, broken (with the line) or no object.
    """
    try:
        content = json.loads(file.read_text())
    except FileNotFoundError:
        raise Problem(f"{file} does not exist. A bench has it: check that the folder is a bench.") from None
    except json.JSONDecodeError as error:
        raise Problem(f"{file}:{error.lineno}: no valid JSON: {error.msg}. Mend that line.") from None
    if not isinstance(content, dict):
        raise Problem(f"{file}: expected a JSON object, found {type(content).__name__}.")
    return content


def write_json(file: Path, content: Mapping[str, object], mode: int = 0o644) -> None:
    """Write ``content`` as Frappe writes its configuration: sorted, indented by one; ``mode`` holds from the start."""
    file.touch(mode=mode)
    file.chmod(mode)
    file.write_text(_json(content))


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _files(
    bench: Bench, sites: Sequence[str], ports: Ports, generation: Generation, config: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    redis = f"redis://127.0.0.1:{ports.redis}"
    backend = {"socketio_backend": "python"} if generation.is_python else {}
    more = {**backend, **config}
    embedded = generation.embeds and more.get("socketio_backend") == EMBEDDED
    told = "in the file `password`" if bench.password_file.is_file() else f"`{PASSWORD}`"
    yield "DEMO.md", _READ_ME.format(site=sites[0], password=told, generation=generation.name)
    yield "demo.json", _json({"generation": generation.name})
    yield (
        "sites/common_site_config.json",
        _json(
            {
                "default_site": sites[0],
                "gunicorn_workers": 1,
                "redis_cache": redis,
                "redis_queue": redis,
                "redis_socketio": redis,
                "serve_default_site": True,
                "socketio_port": ports.web if embedded else ports.socketio,
                "webserver_port": ports.web,
                **more,
            }
        ),
    )
    yield "sites/apps.txt", "".join(f"{app}\n" for app in APPS)
    versions = {"frappe": generation.frappe, "raven": "demo"}
    yield "sites/apps.json", _json({app: {"is_repo": False, "version": versions[app]} for app in APPS})
    # Where Frappe has its realtime server: what looks at files and at processes finds the generation.
    yield "apps/frappe/frappe/__init__.py", f'__version__ = "{generation.frappe}"\n'
    if generation.is_python:
        yield _SERVERS[0], _PYTHON_SERVER
    else:
        yield _SERVERS[1], _NODE_SERVER
    for app in APPS:
        yield f"apps/{app}/README.md", f"The demo has no {app}: see DEMO.md.\n"
    yield "config/redis_queue.conf", _REDIS_CONF.format(port=ports.redis, folder=bench.path / "config" / "pids")


def _create_site(bench: Bench, name: str) -> None:
    folder = bench.path / "sites" / name
    folder.mkdir(exist_ok=True)
    config = folder / "site_config.json"
    if not config.is_file():
        write_json(config, {"db_name": "demo", "db_type": "sqlite"})
    site = Site(name, folder / "demo.sqlite3")
    site.prepare(bench.password)
    if not bench.api_key_file(name).is_file():
        key = ApiKey(site.demo_user, secrets.token_hex(8), secrets.token_hex(16))
        site.set_api_key(key.user, key.key, key.secret)
        write_json(bench.api_key_file(name), vars(key), mode=0o600)
        credentials = folder / "credentials.env"
        credentials.touch(mode=0o600)
        credentials.write_text(f"RAVEN_REALTIME_API_KEY={key.key}\nRAVEN_REALTIME_API_SECRET={key.secret}\n")


_SERVERS = ("apps/frappe/frappe/realtime/server.py", "apps/frappe/socketio.js")
"""Where the realtime server is, in Python and on Node."""

_PYTHON_SERVER = """\
from demo.realtime_python.serve import main

main()
"""

_NODE_SERVER = """\
require(process.env.DEMO_REALTIME);
"""

_READ_ME = """\
# A demo bench

This folder looks like a Frappe bench and is none: Raven Realtime's demo runs on it, to show the realtime path working
on a machine that has no bench. Nothing in it is worth keeping. Its realtime server does what Frappe's of the
generation {generation} does.

Sign in to the site `{site}` as `demo@example.com` or, in a second browser, `sam@example.com`; the password of
both is {password}.

The API key of `demo@example.com` is in `sites/<site>/api_key.json`, readable by the owner alone.
"""

_REDIS_CONF = """\
bind 127.0.0.1
port {port}
dir {folder}
daemonize no
save 900 1
dbfilename redis_queue.rdb
appendonly no
maxmemory 64mb
"""

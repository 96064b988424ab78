"""Each real program on the text that was rendered for it, at the ports that the text names."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx

from raven_realtime.render.command import rendered
from raven_realtime.sandbox import local_tunnel
from tests.apache import program as apache_program
from tests.caddy.program import Program as Caddy
from tests.haproxy.program import Program as HAProxy
from tests.render.conftest import HOST, SITE, Stand
from tests.symptoms.servers import TRAEFIK_API, running, wait
from tests.symptoms.servers import nginx as run_nginx
from tests.traefik.running import program as traefik_program
from tests.unit.render import installed

HOSTS = {"hosts": ["erp.example.com=erp", f"{HOST}={SITE}"]}
"""What is asked is the second: its site is not taken for the first one's."""
NAMES = f"erp.example.com {HOST}"
MAIN = """\
daemon off; pid {folder}/pid; error_log stderr; user root;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {http}
}}
"""
"""What stands around a server in nginx.conf."""

Start = Callable[[Stand, Path], AbstractContextManager[object]]


def _own(stand: Stand) -> dict[str, str]:
    return {"certificate": str(stand.certificate), "certificate_key": str(stand.key)}


def _nginx(folder: Path, http: str) -> AbstractContextManager[None]:
    return run_nginx(MAIN.format(folder=folder, http=http), folder, 443)


def nginx(stand: Stand, folder: Path) -> AbstractContextManager[None]:
    """Both parts in a server that serves the site."""
    return _nginx(folder, installed.nginx(rendered("nginx", HOSTS), NAMES, str(stand.certificate), str(stand.key)))


def bench(stand: Stand, folder: Path) -> AbstractContextManager[None]:
    """The whole file, in http."""
    return _nginx(folder, rendered("bench", {**HOSTS, **_own(stand), "bench": str(stand.bench.path)}))


def manager(stand: Stand, folder: Path) -> AbstractContextManager[None]:
    """The advanced tab's text in a server as nginx-proxy-manager writes it."""
    text = rendered("nginx-proxy-manager", {**HOSTS, "web": "127.0.0.1:8000", "upstream": "127.0.0.1:9000"})
    return _nginx(folder, installed.manager(text, NAMES, str(stand.certificate), str(stand.key)))


def caddy(stand: Stand, folder: Path) -> AbstractContextManager[object]:
    """The Caddyfile, with a certificate of ours."""
    file = folder / "Caddyfile"
    file.write_text(rendered("caddy", {**HOSTS, **_own(stand)}))
    return Caddy(file, (443,), folder)


def haproxy(stand: Stand, folder: Path) -> AbstractContextManager[object]:
    """The file as it is."""
    pem, file = folder / "both.pem", folder / "haproxy.cfg"
    pem.write_bytes(stand.certificate.read_bytes() + stand.key.read_bytes())
    file.write_text(rendered("haproxy", {**HOSTS, "certificate": str(pem)}))
    subprocess.run(["haproxy", "-c", "-f", str(file)], check=True, capture_output=True)
    return HAProxy(file, ("127.0.0.1", 443))


def apache(stand: Stand, folder: Path) -> AbstractContextManager[object]:
    """The virtual hosts, with the modules that their comment names."""
    file = folder / "apache2.conf"
    modules = "".join(
        f"LoadModule {name}_module {apache_program.MODULES}/mod_{name}.so\n" for name in ("socache_shmcb", "ssl")
    )
    listening = "Listen 80\nListen 443\n"
    file.write_text(
        apache_program.preamble(folder) + modules + listening + rendered("apache", {**HOSTS, **_own(stand)})
    )
    return apache_program.Program(file, ("127.0.0.1", 443))


@contextmanager
def _traefik(stand: Stand, folder: Path, dynamic: str) -> Iterator[None]:
    files = folder / "dynamic"
    files.mkdir()
    (files / "frappe.yml").write_text(dynamic)
    pair = f"{{certFile: {stand.certificate}, keyFile: {stand.key}}}"
    (files / "tls.yml").write_text(f"tls: {{stores: {{default: {{defaultCertificate: {pair}}}}}}}\n")
    arguments = [
        traefik_program(),
        "--log.level=ERROR",
        "--api.insecure=true",
        f"--entrypoints.traefik.address={TRAEFIK_API.removeprefix('http://')}",
        "--entrypoints.websecure.address=:443",
        f"--providers.file.directory={files}",
    ]
    with running(arguments, folder / "traefik.log") as process:
        wait(lambda: _taken(stand), "Traefik's file", process=process)
        yield


def _taken(stand: Stand) -> bool:
    """Tell whether Traefik has read its files: it listens before that."""
    context = ssl.create_default_context(cafile=str(stand.certificate))
    try:
        asked = httpx.get(f"https://{HOST}/socket.io/?EIO=4&transport=polling", verify=context, trust_env=False)
    except httpx.TransportError:
        return False
    return asked.status_code == 200


def traefik(stand: Stand, folder: Path) -> AbstractContextManager[None]:
    """The dynamic file; who says websecure gives the certificate."""
    return _traefik(stand, folder, rendered("traefik", HOSTS))


@contextmanager
def multiplexer(stand: Stand, folder: Path) -> Iterator[None]:
    """The file as it is, with the sandbox's local tunnel before it."""
    inner, outer = folder / "inner", folder / "outer"
    inner.mkdir()
    outer.mkdir()
    text = rendered("multiplexer", {**HOSTS, "folder": str(inner)})
    edge = local_tunnel.render(local_tunnel.LocalTunnel(outer, stand.certificate, stand.key))
    with run_nginx(text, inner, 8005), run_nginx(edge, outer, 443):
        yield


@contextmanager
def sidecar(stand: Stand, folder: Path) -> Iterator[None]:
    """The file as it is, with Traefik before it and before the web."""
    text = rendered("traefik", {**HOSTS, "upstream": "127.0.0.1:80"})
    inner = folder / "inner"
    inner.mkdir()
    conf = rendered("sidecar", {**HOSTS, "upstream": "127.0.0.1:9000"})
    with run_nginx(conf, inner, 80), _traefik(stand, folder, text):
        yield


PROGRAMS: dict[str, Start] = {
    "apache": apache,
    "bench": bench,
    "caddy": caddy,
    "haproxy": haproxy,
    "multiplexer": multiplexer,
    "nginx": nginx,
    "nginx-proxy-manager": manager,
    "sidecar": sidecar,
    "traefik": traefik,
}

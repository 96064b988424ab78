"""How a person opens what the server serves: its names and its address exist in its two namespaces only."""

from __future__ import annotations

from demo.bench_folder import PASSWORD
from demo.server.server import Server


def opening(server: Server) -> str:
    """Return the command lines that ask the server's URL and open it in a browser, and who may sign in there."""
    enter = f"sudo nsenter --net={server.layout.outside.path}"
    rules = ", ".join(f"MAP {host} {server.address}" for host in server.hosts)
    browser = f"chromium --no-sandbox --ignore-certificate-errors --host-resolver-rules='{rules}' {server.url}"
    curl = f"curl --cacert {server.ca} --resolve {server.hosts[0]}:443:{server.address}"
    return f"""\
{server.url} leads to the server from its own outside only, not from the rest of this machine:
  {enter} {browser}
  {enter} {curl} '{server.url}/socket.io/?EIO=4&transport=polling'
Sign in as demo@example.com with the password {PASSWORD}."""

"""The callback: the realtime process asks Frappe's web who a user is, at the public address, from where it runs."""

from __future__ import annotations

import json
from pathlib import Path

from raven_realtime.findings import explain
from raven_realtime.hops.inside import Inside, look
from raven_realtime.hops.listening import kind
from raven_realtime.hops.machine import CannotLook
from raven_realtime.hops.result import Check, Result
from raven_realtime.hops.target import Target

CHECK = Check(
    name="callback",
    title="The callback to Frappe's web",
    proves="The public address of Frappe's web answers the realtime process's own program, with the certificates that "
    "this process trusts, from the network that it is in.",
    rank=280,
    through=("web",),
)
PATH = "/api/method/frappe.realtime.get_user_info"
_TRUST = "NODE_EXTRA_CA_CERTS="
_ASK = """
const say = (told) => console.log(JSON.stringify(told));
const left = setTimeout(() => { say({failed: "no answer within 5 s"}); process.exit(0); }, 5000);
fetch(process.argv[1], {headers: {Cookie: "client=raven-realtime"}})
  .then((answer) => say({status: answer.status}))
  .catch((error) => say({failed: `${error.message}: ${error.cause?.code || error.cause?.message || ""}`}))
  .finally(() => clearTimeout(left));
"""


async def check(target: Target, inside: Inside) -> Result:
    """Ask the callback's URL with the program of the realtime process, in its environment and network."""
    return await look(CHECK.name, lambda: _judge(target, inside))


def _judge(target: Target, inside: Inside) -> Result:
    url = f"{target.page or target.origin}{PATH}"
    told = json.loads(_asked(url, inside) or "{}")
    if failed := told.get("failed"):
        said = f"GET {url} from the realtime process's side: {str(failed)[:200]}"
        return Result.of(CHECK.name, said, explain("RT012").found(said))
    status = int(told.get("status", 0))
    said = f"GET {url} from the realtime process's side → {status}"
    # 401 and 403 are Frappe's answers to somebody without a session: it was reached.
    if status in {200, 401, 403}:
        return Result.of(CHECK.name, said, status=status)
    return Result.of(CHECK.name, said, explain("RT012").found(said), status=status)


def _asked(url: str, inside: Inside) -> str:
    """Run the question where the process runs: the same program, its trust in certificates, its network."""
    listening = [one for one in inside.machine.listeners() if one.port == inside.port and one.pid]
    process = next((one for one in listening if kind(one) == "Node"), None)
    if process is None:
        return _in_container(url, inside)
    own = Path(f"/proc/{process.pid}")
    program = inside.machine.run("readlink", "--", str(own / "exe")).strip()
    trust = [pair for pair in inside.machine.read(own / "environ").split("\0") if pair.startswith(_TRUST)]
    return inside.machine.run("env", *trust, program, "-e", _ASK, url)


def _in_container(url: str, inside: Inside) -> str:
    if inside.docker is None:
        raise CannotLook(f"no Node process that this user may see listens on port {inside.port} of this machine")
    names = [one.name for one in inside.containers if one.status == "running"]
    likely = [name for name in names if "websocket" in name or "socketio" in name]
    for name in likely:
        try:
            return inside.in_docker("exec", name, "node", "-e", _ASK, url)
        except CannotLook:
            continue
    raise CannotLook("no container of the realtime process was found (its name holds websocket or socketio)")

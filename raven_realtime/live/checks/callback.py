"""The callback: the realtime process asks Frappe's web who a user is, at the public address, from where it runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

from raven_realtime.findings import explain
from raven_realtime.live.checks.listening import kind
from raven_realtime.live.inside import Inside, look
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Target
from raven_realtime.machine import CannotLook, Machine
from raven_realtime.shown import shown

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
_IDS = re.compile(r"^(Uid|Gid):((?:\s+\d+)+)$", re.MULTILINE)
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
    failed, status = _told(_asked(url, inside))
    if failed:
        said = f"GET {url} from the realtime process's side: {failed}"
        return Result.of(CHECK.name, said, explain("RT012").found(said))
    said = f"GET {url} from the realtime process's side → {status}"
    # 401 and 403 are Frappe's answers to somebody without a session: it was reached.
    if status in {200, 401, 403}:
        return Result.of(CHECK.name, said, status=status)
    return Result.of(CHECK.name, said, explain("RT012").found(said), status=status)


def _told(answer: str) -> tuple[str, int]:
    """Read what the program printed, which may be anything: why it failed, fit to be shown, and the status."""
    try:
        told = json.loads(answer or "{}")
    except (ValueError, RecursionError):
        told = None
    status = told.get("status", 0) if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(status, int):
        raise CannotLook(f"the realtime process's program does not answer as Node does: {shown(answer)}")
    return shown(str(told.get("failed") or "")), status


def _asked(url: str, inside: Inside) -> str:
    """Run the question where the process runs: the same program, its trust in certificates, its network."""
    listening = [one for one in inside.machine.listeners() if one.port == inside.port and one.pid]
    process = next((one for one in listening if kind(one) == "Node"), None)
    if process is None:
        return _in_container(url, inside)
    own = Path(f"/proc/{process.pid}")
    owner = _owner(inside.machine, own)
    become = _become(inside.machine, *owner)
    program = inside.machine.run("readlink", "--", str(own / "exe")).strip()
    trust = [pair for pair in inside.machine.read(own / "environ").split("\0") if pair.startswith(_TRUST)]
    if _owner(inside.machine, own) != owner:
        raise CannotLook(f"process {process.pid} changed its owner while it was looked at")
    return inside.machine.run(*become, "env", "-i", *trust, program, "-e", _ASK, url)


def _owner(machine: Machine, process: Path) -> tuple[int, int]:
    """Return the user and the group that a process is, by its folder in /proc.

    Raises:
        CannotLook: it does not show, or the process is several at once, as a set-user-ID program is.
    """
    ids = {
        name: {int(one) for one in numbers.split()} for name, numbers in _IDS.findall(machine.read(process / "status"))
    }
    users, groups = ids.get("Uid", set()), ids.get("Gid", set())
    if len(users) != 1 or len(groups) != 1:
        raise CannotLook(f"process {process.name} does not belong to one user and group, so its program is not run")
    return users.pop(), groups.pop()


def _become(machine: Machine, user: int, group: int) -> tuple[str, ...]:
    """Return what has to stand before a command so that it runs as the owner: whoever listens chose the program.

    Raises:
        CannotLook: the user who looks is somebody else and not root.
    """
    looking = machine.run("id", "-u").strip()
    if looking == str(user):
        return ()
    if looking != "0":
        raise CannotLook(
            f"the realtime process belongs to user {user}, and its program is run as that user only: "
            "look as that user or as root"
        )
    # A session of its own, so that the program cannot type into root's terminal.
    return ("setpriv", "--reuid", str(user), "--regid", str(group), "--clear-groups", "setsid", "--wait")


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

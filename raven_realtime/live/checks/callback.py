"""The callback: the realtime process asks Frappe's web who a user is, at the public address, from where it runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

from raven_realtime.findings import explain
from raven_realtime.live.checks.listening import generation_of, kind
from raven_realtime.live.checks.subscribers import SECRET_KEY, read_secret
from raven_realtime.live.generation import Generation
from raven_realtime.live.inside import Inside, look
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Target
from raven_realtime.live.web import USER_INFO
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
_TRUST = ("NODE_EXTRA_CA_CERTS=", "SSL_CERT_FILE=", "SSL_CERT_DIR=", "REQUESTS_CA_BUNDLE=", "CURL_CA_BUNDLE=")
"""What of the process's environment decides which certificates it trusts: Node's first, then what Python's clients
read (httpx and OpenSSL the next two, requests the last)."""
_IDS = re.compile(r"^(Uid|Gid):((?:\s+\d+)+)$", re.MULTILINE)
SECRET_HEADER = "X-Frappe-Socket-Secret"  # noqa: S105 (the name of a header)
_ASK = """
const say = (told) => console.log(JSON.stringify(told));
const left = setTimeout(() => { say({failed: "no answer within 5 s"}); process.exit(0); }, 5000);
const headers = JSON.parse(require("fs").readFileSync(0, "utf8") || "{}");
fetch(process.argv[1], {headers: {Cookie: "sid=Guest", ...headers}})
  .then(async (answer) => say({status: answer.status, body: (await answer.text()).slice(0, 2000)}))
  .catch((error) => say({failed: `${error.message}: ${error.cause?.code || error.cause?.message || ""}`}))
  .finally(() => clearTimeout(left));
"""
_ASK_PYTHON = """
import json, sys
headers = {"Cookie": "sid=Guest", **json.loads(sys.stdin.read() or "{}")}
def asked(url):
    for name in sys.argv[2].split(","):
        try:
            client = __import__(name)
        except ImportError:
            continue
        options = {"follow_redirects": True} if name == "httpx" else {}
        answer = client.get(url, headers=headers, timeout=5, **options)
        return {"status": answer.status_code, "body": answer.text[:2000]}
    return {"failed": "neither requests nor httpx is installed"}
try:
    print(json.dumps(asked(sys.argv[1])))
except Exception as error:
    print(json.dumps({"failed": f"{type(error).__name__}: {error}"[:300]}))
"""
"""The same question in the process's own language, with its own HTTP client; headers come by standard input."""
_ANSWERS = frozenset({200, 401, 403})
"""401 and 403 are Frappe's answers to somebody without a session: it was reached."""


async def check(target: Target, inside: Inside) -> Result:
    """Ask the callback's URL with the program of the realtime process, in its environment and network."""
    return await look(CHECK.name, lambda: _judge(target, inside))


def _judge(target: Target, inside: Inside) -> Result:
    url = f"{base(target, inside)}{USER_INFO}"
    secret = secret_of(inside)
    failed, status, body = _told(_asked(url, inside, {SECRET_HEADER: secret} if secret else {}))
    if failed:
        said = f"GET {url} from the realtime process's side: {failed}"
        return Result.of(CHECK.name, said, explain("RT012").found(said))
    said = f"GET {url} from the realtime process's side → {status}"
    if status not in _ANSWERS:
        return Result.of(CHECK.name, said, explain("RT012").found(said, hop="web"), status=status)
    if status == 200 and _empty(body):
        known = "with the secret of its redis" if secret else f"and its redis holds no {SECRET_KEY}"
        said = f"{said}, {{}}: the web tells it nobody, {known}"
        return Result.of(CHECK.name, said, explain("RT045").found(said), status=status, secret=True)
    return Result.of(CHECK.name, said, status=status, **({"secret": True} if secret else {}))


def _empty(body: str) -> bool:
    """Whether the web answers with nobody, as it does to who does not send its secret."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("message") == {}


def base(target: Target, inside: Inside) -> str:
    """Return where the realtime process asks: at the public address, or where the bench's configuration says.

    ``server_ip`` and ``developer_mode`` of Node's (frappe realtime/utils.js), ``webserver_host`` of Python's
    (frappe/realtime/util.py).
    """
    origin = target.page or target.origin
    try:
        known = inside.configuration
    except CannotLook:
        return origin
    port = known.get("webserver_port")
    if host := known.get("webserver_host"):
        return f"http://{host}:{port}" if port else f"http://{host}"
    if server := known.get("server_ip"):
        return f"http://{server}"
    if known.get("developer_mode") and port:
        return f"{origin.partition(':')[0]}://{target.host}:{port}"
    return origin


def secret_of(inside: Inside) -> str:
    """Return the secret that the realtime process would find in its redis; empty where there is none, or no redis."""
    try:
        return read_secret(inside)
    except CannotLook:
        return ""


def _told(answer: str) -> tuple[str, int, str]:
    """Read what the program printed, which may be anything: why it failed, fit to be shown, the status, the body."""
    try:
        told = json.loads(answer or "{}")
    except (ValueError, RecursionError):
        told = None
    status = told.get("status", 0) if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(status, int):
        raise CannotLook(f"the realtime process's program does not answer as Node does: {shown(answer)}")
    return shown(str(told.get("failed") or "")), status, str(told.get("body") or "")


def _asked(url: str, inside: Inside, headers: dict[str, str]) -> str:
    """Run the question where the process runs: the same program, its trust in certificates, its network."""
    listening = [one for one in inside.machine.listeners() if one.port == inside.port and one.pid]
    process = next((one for one in listening if kind(one) in {"Node", "Python"}), None)
    if process is None:
        return _in_container(url, inside, headers)
    own = Path(f"/proc/{process.pid}")
    owner = _owner(inside.machine, own)
    become = _become(inside.machine, *owner)
    told = [pair for pair in inside.machine.read(own / "environ").split("\0") if pair.startswith(_TRUST)]
    if kind(process) == "Node":
        program = inside.machine.run("readlink", "--", str(own / "exe")).strip()
        command = [program, "-e", _ASK, url]
    else:
        words = inside.machine.read(own / "cmdline").split("\0")
        asynchronous = generation_of(inside, process) is Generation.ASYNCIO
        command = [_python(inside.machine, own, words), "-c", _ASK_PYTHON, url]
        command.append("httpx,requests" if asynchronous else "requests,httpx")
    if _owner(inside.machine, own) != owner:
        raise CannotLook(f"process {process.pid} changed its owner while it was looked at")
    # By standard input: a command line can be read by everybody on the machine.
    return inside.machine.run(*become, "env", "-i", *told, *command, stdin=json.dumps(headers))


def _python(machine: Machine, process: Path, words: list[str]) -> str:
    """Return the interpreter of a process with its virtual environment, which the program's own name leads out of."""
    named = words[0] if words else ""
    if named.startswith("/") and Path(named).name.startswith("python"):
        return named
    for word in words[:2]:
        beside = Path(word).parent / "python"
        if word.startswith("/") and machine.run("find", str(beside), "-maxdepth", "0"):
            return str(beside)
    return machine.run("readlink", "--", str(process / "exe")).strip()


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


def _in_container(url: str, inside: Inside, headers: dict[str, str]) -> str:
    if inside.docker is None:
        who = "no Node or Python process that this user may see"
        raise CannotLook(f"{who} listens on port {inside.port} of this machine")
    names = [one.name for one in inside.containers if one.status == "running"]
    likely = [name for name in names if "websocket" in name or "socketio" in name]
    for name in likely:
        try:
            return inside.in_docker("exec", "-i", name, "node", "-e", _ASK, url, stdin=json.dumps(headers))
        except CannotLook:
            continue
    raise CannotLook("no container of the realtime process was found (its name holds websocket or socketio)")

"""Steps that a test holds where they begin and where they end, as nothing but a program in front of theirs.

In the copy that a stack is deployed from stands a script where `raven-realtime` stood. It says when it is called and
with what, waits to be let go, runs the program, and says so again before its caller hears of it. It has a session of
its own: what ends its caller does not end it, as Pulumi's command plugin ends the shell alone.
"""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from tests.stacks.checkout import Checkout

SCRIPT = """\
#!/bin/sh
folder={folder} real={real}
[ -e "$folder/watched" ] || exec "$real" "$@"
exec setsid --wait sh -c '
call="$0/$$"; real=$1; shift
await() {{ while [ ! -e "$call.go" ]; do sleep 0.03; done; how=$(cat "$call.go"); rm "$call.go"; }}
printf "%s\\n" "$*" > "$call.new" && mv "$call.new" "$call.began"
await
[ "$how" = held ] || exec "$real" "$@"
"$real" "$@"
code=$?
echo "$code" > "$call.new" && mv "$call.new" "$call.ended"
await
exit "$code"' "$folder" "$real" "$@"
"""


@dataclass(frozen=True)
class Call:
    """A program that waits to be let go, before it does anything or after it has done everything."""

    process: int
    said: str
    """Its arguments; its exit code at the end."""
    folder: Path

    def go(self, *, held: bool = False) -> None:
        """Let it go; ``held`` has it wait once more when it has ended."""
        new = self.folder / f"{self.process}.answer"
        new.write_text("held" if held else "free")
        new.rename(self.folder / f"{self.process}.go")


class Steps:
    """What the copy's `raven-realtime` is called for."""

    def __init__(self, copy: Checkout) -> None:
        """Put the script in its place; nothing waits before `watch`."""
        self._folder = copy.folder.parent / "calls"
        self._folder.mkdir()
        self._called: list[int] = []
        packages = copy.folder / ".venv"
        linked = packages.resolve()
        packages.unlink()
        (packages / "bin").mkdir(parents=True)
        for file in linked.iterdir():
            if file.name != "bin":
                (packages / file.name).symlink_to(file)
        for file in (linked / "bin").iterdir():
            (packages / "bin" / file.name).symlink_to(file)
        script = packages / "bin" / "raven-realtime"
        script.unlink()
        script.write_text(
            SCRIPT.format(folder=shlex.quote(str(self._folder)), real=shlex.quote(str(linked / "bin" / script.name)))
        )
        script.chmod(0o755)

    def watch(self) -> None:
        """Have every call wait from now on."""
        for file in self._folder.iterdir():
            file.unlink()
        self._called.clear()
        (self._folder / "watched").touch()

    def leave(self) -> None:
        """Let all go, now and from now on."""
        (self._folder / "watched").unlink(missing_ok=True)
        for call in (*self.began(), *self.ended()):
            call.go()

    def began(self) -> list[Call]:
        """Return the calls that wait at their beginning; each once."""
        return self._taken("began")

    def ended(self) -> list[Call]:
        """Return the calls that wait at their end; each once."""
        return self._taken("ended")

    def await_end(self, seconds: float) -> None:
        """Wait until none of the calls since `watch` runs any more, whoever started it.

        Raises:
            AssertionError: one does.
        """
        until = time.monotonic() + seconds
        while left := [process for process in self._called if _runs(process)]:
            assert time.monotonic() < until, f"these steps do not end: {left}"
            time.sleep(0.1)

    def _taken(self, ending: str) -> list[Call]:
        calls = []
        for file in sorted(self._folder.glob(f"*.{ending}")):
            calls.append(Call(int(file.stem), file.read_text().strip(), self._folder))
            file.unlink()
        self._called += [call.process for call in calls]
        return calls


def _runs(process: int) -> bool:
    try:
        stat = Path("/proc", str(process), "stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"

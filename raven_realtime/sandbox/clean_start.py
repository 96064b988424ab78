"""Start a program in place of this process, after ending what an earlier start of it left behind.

supervisor restarts a program whose first process died. nginx's workers outlive a killed master: they keep the port
and go on answering with the old configuration, so the new master cannot start. This module runs first: it ends the
former process group, notes its own, and becomes the program::

    python -m raven_realtime.sandbox.clean_start RECORD -- nginx -c …

It imports little on purpose: it stands between a crash and the restart.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PATIENCE = 2.0
"""Seconds that killed processes get to vanish."""


def start_time(pid: int) -> str | None:
    """Return when a process started, in clock ticks since boot (proc(5), stat field 22); None if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def members(group: int) -> list[int]:
    """Return the live processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getpgid(int(entry.name)) == group and start_time(int(entry.name)):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def leftovers(record: Path) -> list[int]:
    """Return the live processes of the start that ``record`` tells of.

    A group's number is not given to a new process while the group has members, so members without their leader are
    ours; a leader that started at another time is somebody else's process with a reused number.
    """
    try:
        former = json.loads(record.read_text())
        group, began, boot = int(former["group"]), str(former["started"]), str(former["boot"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
    if boot != BOOT_ID.read_text().strip() or start_time(group) not in (None, began):
        return []
    return members(group)


def end_leftovers(record: Path) -> None:
    """Kill what the recorded start left behind and wait until it is gone."""
    deadline = time.monotonic() + PATIENCE
    while (alive := [pid for pid in leftovers(record) if pid != os.getpid()]) and time.monotonic() < deadline:
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)


def note_start(record: Path) -> None:
    """Write down this process, which is about to become the program."""
    record.parent.mkdir(parents=True, exist_ok=True)
    pid = os.getpid()
    text = {"group": os.getpgrp(), "pid": pid, "started": start_time(pid), "boot": BOOT_ID.read_text().strip()}
    new = record.with_suffix(".new")
    new.write_text(json.dumps(text))
    new.replace(record)


def main(arguments: list[str]) -> None:
    """Run ``RECORD -- COMMAND …``; does not return."""
    if len(arguments) < 3 or arguments[1] != "--":
        raise SystemExit("usage: python -m raven_realtime.sandbox.clean_start RECORD -- COMMAND …")
    record, _, *command = arguments
    end_leftovers(Path(record))
    note_start(Path(record))
    os.execvp(command[0], command)  # noqa: S606 (becoming the program is the point)


if __name__ == "__main__":
    main(sys.argv[1:])

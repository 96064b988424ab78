"""Services of systemd: what their ``ExecStart`` runs."""

from __future__ import annotations

from raven_realtime.places.process import Process, process_of
from raven_realtime.places.units import read_unit
from raven_realtime.proxies.unreadable import Unreadable


def is_service(text: str) -> bool:
    """Tell by its content whether a text is a service of systemd."""
    try:
        return read_unit(text, "").last("Service", "ExecStart") is not None
    except Unreadable:
        return False


def read(text: str, name: str) -> tuple[Process, ...]:
    """Read the processes that a service starts.

    Args:
        text: The unit file's text.
        name: The file; without its folder and ending it is the process's name.

    Raises:
        Unreadable: If it is no unit file.
    """
    unit = read_unit(text, name)
    own = name.replace("\\", "/").rpartition("/")[2].removesuffix(".service")
    directory = unit.text("Service", "WorkingDirectory")
    return tuple(
        # Signs before the path change how systemd starts it, not what it is.
        process_of(own, entry.value.lstrip("@-:+!|"), entry.location, directory)
        for entry in unit.all("Service", "ExecStart")
    )

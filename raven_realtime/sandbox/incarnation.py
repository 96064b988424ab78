"""How `pulumi up` notices that the sandbox died: its lives are counted.

A Command has no read. So the program asks the machine first: while supervisord and all it keeps run as the last update
left them, the number stays, and nothing is planned. After a reboot, or when something is down for good or about to
expire, the number is one higher; every command has it in its environment, so the plan shows that the sandbox is brought
back.
"""

from __future__ import annotations

from raven_realtime.sandbox import ngrok
from raven_realtime.sandbox.certificate import is_good
from raven_realtime.sandbox.places import Places
from raven_realtime.sandbox.supervisor import Supervisor

UP = ("RUNNING", "STARTING", "BACKOFF")
"""supervisor's states in which a program runs or is being restarted."""


def recorded(places: Places) -> int:
    """Return the number of the life that was last started; 0 if there was none."""
    try:
        return int(places.incarnation.read_text())
    except (OSError, ValueError):
        return 0


def expected(places: Places) -> int:
    """Return the number of the life that the next update wants: the recorded one while all of it runs."""
    supervisor = Supervisor(places)
    states = supervisor.states()
    well = supervisor.alive() and all(states.get(name) in UP for name in supervisor.declared())
    well = well and (is_good(places.certificate) or not places.certificate.exists())
    well = well and not (ngrok.PROGRAM in states and ngrok.moved(places))
    return recorded(places) if well and recorded(places) else recorded(places) + 1


def record(places: Places, number: int) -> None:
    """Write down the life that was started."""
    places.incarnation.write_text(f"{number}\n")

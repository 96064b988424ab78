"""The one exception for what a user can mend."""

from __future__ import annotations


class Problem(Exception):  # noqa: N818 (a user's problem, not a programming error)
    """Something the user can mend: bad input, a missing program, a port in use.

    The message is whole sentences: the config key or file and line, what was found, what is accepted, what to do.
    The CLI prints it without a traceback and exits with 2; components raise it as ``pulumi.RunError``.
    A message never carries a secret. What a file's reader says is `raven_realtime.proxies.unreadable.Unreadable`.
    """

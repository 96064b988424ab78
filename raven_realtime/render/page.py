"""The targets as a page, written to docs/render.md.

``python -m raven_realtime.render.page`` writes it; with ``--check`` it fails where the page is another one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from raven_realtime.render.targets import targets
from raven_realtime.render.wanted import option

FILE = Path("docs/render.md")
EXAMPLES = "../tests/unit/render/golden"
INTRODUCTION = """\
<!-- Written by `make docs` from raven_realtime/render/. Change it there. -->

# Configurations to print

    raven-realtime render                                          # lists what there is
    raven-realtime render caddy --host chat.example.com
    raven-realtime render nginx --host chat.example.com=chat       # the Frappe site has another name
    raven-realtime render bench --host chat.example.com --host erp.example.com

It prints one complete text with comments, and changes nothing. The same options give the same text, so that you can
keep it and compare. Each says at its top where it goes and which command makes it live.

What all of them do, and what is often missing where Raven's messages do not arrive:

- `/socket.io/` goes to Frappe's realtime process, and a WebSocket passes.
- Frappe gets the `Origin` that browsers leave out of polls. One that a browser sends stays as it is, so that pages of
  others are refused still.
- `https` is said where the browser uses it, also where Traefik says `wss`.
- `X-Frappe-Site-Name` names the site of the host. Write `--host host=site` where the two differ.
- A silent connection stays open for a day, or without an end.

cloudflared, Ingress, IngressRoute and HTTPRoute lead to an nginx that does it: to the multiplexer's, a bench's, or the
chart's.

| `FOR` | what it is | where it goes | tried on | options besides `--host` |
|---|---|---|---|---|
"""
END = """
"Tried on" says what ran in the tests, before a bench that checks what Frappe checks: a poll without Origin, the
upgrade, CONNECT on the site, an event that arrives once, polling first and WebSocket first; a page of another host is
refused. "The linter only" means that no such program ran.

The linter judges each text too. It finds nothing but two kinds of note: an image that `--image` does not pin; and in
Kubernetes what the chart's nginx makes of `wss`, and that a class `nginx` may be either of two controllers.

Judge it where you put it: `raven-realtime lint FILE`, and then `raven-realtime doctor https://chat.example.com`.
"""


def page() -> str:
    """Return the page."""
    rows = [
        f"| [`{name}`]({EXAMPLES}/{name}.txt) | {each.title} | {each.goes} | {each.proved} | "
        f"{', '.join(f'`{option(taken)}`' for taken in each.takes)} |\n"
        for name, each in targets().items()
    ]
    return "".join([INTRODUCTION, *rows, END])


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` say whether it is in step; return the exit code."""
    if arguments == ["--check"]:
        fresh = FILE.is_file() and FILE.read_text(encoding="utf-8") == page()
        if not fresh:
            sys.stderr.write(f"{FILE}: not in step with the targets. Run `make docs`.\n")
        return 0 if fresh else 1
    if arguments:
        sys.stderr.write("usage: python -m raven_realtime.render.page [--check]\n")
        return 2
    FILE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

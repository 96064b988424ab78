"""Owners drawn: entrypoint, routers in falling priority, services. The owner of `/socket.io` stands out."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from raven_realtime.declared.routes.owners import SOCKET_PATH, Door, Owners, servers
from raven_realtime.declared.routes.text import standing
from raven_realtime.proxies.traefik.table import Router, Table

WIDTH = 1080
ROW, BOX, TOP = 110, 86, 64
DOOR = (24, 170)
ROUTER = (270, 450)
SERVICE = (800, 256)
"""Left edge and width of each column."""
LONGEST = 64
HEADS = {"head": "#8c959f", "head-owner": "#0969da", "head-tie": "#cf222e"}
STYLE = """\
  .box { fill: #f6f8fa; stroke: #57606a; }
  .owner { fill: #ddf4ff; stroke: #0969da; stroke-width: 2.5; }
  .tie { fill: #ffebe9; stroke: #cf222e; stroke-width: 2.5; stroke-dasharray: 6 3; }
  .line { stroke: #8c959f; stroke-width: 1.5; fill: none; marker-end: url(#head); }
  .line.owner { stroke: #0969da; stroke-width: 3; fill: none; marker-end: url(#head-owner); }
  .line.tie { stroke: #cf222e; stroke-width: 3; fill: none; marker-end: url(#head-tie); }
  .name { font-weight: 600; } .small { font-size: 12px; fill: #57606a; } .code { font: 11px ui-monospace, monospace; }
"""


def svg(found: Owners, table: Table) -> str:
    """Return the drawing as an SVG document of its own."""
    height = TOP + sum(len(door.routers) * ROW + 24 for door in found.doors) + 24
    parts: list[str] = []
    top = TOP
    for door in found.doors:
        parts += _door(door, table, top)
        top += len(door.routers) * ROW + 24
    if not found.doors:
        parts = [_words(24, TOP, "No router serves this host: Traefik answers 404.", "small")]
        height = TOP + 40
    title = f"Who owns what on {found.host}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'font-family="system-ui, sans-serif" font-size="14" role="img" aria-label="{escape(title)}">',
            f"<style>\n{STYLE}</style>",
            f"<defs>{''.join(_head(name, colour) for name, colour in HEADS.items())}</defs>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            _words(24, 36, title, "name"),
            *parts,
            "</svg>",
            "",
        ]
    )


def _door(door: Door, table: Table, top: int) -> Iterator[str]:
    middle = top + (len(door.routers) * ROW - (ROW - BOX)) // 2
    yield _box(
        DOOR,
        middle - BOX // 2,
        "box",
        [(door.entrypoint or "default", "name"), ("TLS" if door.tls else "plain HTTP", "small")],
    )
    answer = next((answer for answer in door.answers if answer.path == SOCKET_PATH), None)
    winners = {router.name for router in answer.decision.winners} if answer else set()
    for index, router in enumerate(door.routers):
        y = top + index * ROW
        kind = "box" if router.name not in winners else "owner" if len(winners) == 1 else "tie"
        yield _arrow(DOOR[0] + DOOR[1], middle, ROUTER[0], y + BOX // 2, kind)
        yield _box(ROUTER, y, kind, _said(router, door, kind))
        yield _arrow(ROUTER[0] + ROUTER[1], y + BOX // 2, SERVICE[0], y + BOX // 2, kind)
        yield _box(SERVICE, y, "box", [(router.service, "name"), (", ".join(servers(table, router.service)), "small")])


def _said(router: Router, door: Door, kind: str) -> list[tuple[str, str]]:
    mark = {"owner": " ★ /socket.io", "tie": " ⚠ ties"}.get(kind, "")
    return [
        (f"{router.name}{mark}", "name"),
        (router.rule, "code"),
        (router.priority_reason, "small"),
        (f"/socket.io: {standing(router, door.claims)}", "small"),
    ]


def _box(column: tuple[int, int], y: int, kind: str, lines: list[tuple[str, str]]) -> str:
    x, width = column
    longest = LONGEST if width > 300 else LONGEST // 2
    whole = escape("\n".join(line for line, _ in lines))
    words = "".join(
        _words(x + 12, y + 22 + 19 * row, _cut(line, longest), style) for row, (line, style) in enumerate(lines)
    )
    outline = f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{BOX}" rx="8"/>'
    return f"<g><title>{whole}</title>{outline}{words}</g>"


def _words(x: int, y: int, line: str, style: str) -> str:
    return f'<text class="{style}" x="{x}" y="{y}">{escape(line)}</text>'


def _head(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" orient="auto" '
        f'markerUnits="userSpaceOnUse"><path d="M0 0 L8 4 L0 8 z" fill="{colour}"/></marker>'
    )


def _arrow(x: int, y: int, to_x: int, to_y: int, kind: str) -> str:
    bend = (x + to_x) // 2
    drawn = "line" if kind == "box" else f"line {kind}"
    return f'<path class="{drawn}" d="M{x} {y} C{bend} {y} {bend} {to_y} {to_x - 2} {to_y}"/>'


def _cut(line: str, longest: int) -> str:
    return line if len(line) <= longest else f"{line[: longest - 1]}…"

"""The first picture, on screen before the toolkit that draws all others is loaded.

Banner, frames and footer stand where the first real screen has them, in the terminal's own
colours: a screen that is there at once, and then fills. What is typed meanwhile is kept.
"""

from __future__ import annotations

from console.screens.layout import NAMES, Box, first_boxes

BANNER = " STARTING  │ SAFE"


def opening(width: int, height: int, footer: str) -> str:
    """What to write to a terminal of `width` x `height` cells; `footer` is the footer's text."""
    lines = enumerate(picture(width, height, footer), 1)
    placed = (f"\x1b[{number};1H{line}" for number, line in lines if line)
    return "\x1b[?1049h\x1b[?25l\x1b[2J" + "".join(placed)


def picture(width: int, height: int, footer: str) -> list[str]:
    """The picture's lines, blanks at their ends left out."""
    cells = [[" "] * width for _ in range(height)]
    for panel, box in first_boxes(width, height).items():
        _frame(cells, box, NAMES[panel])
    _put(cells, 0, 0, BANNER)
    _put(cells, 0, height - 1, f" {footer}")
    return ["".join(line).rstrip() for line in cells]


def _frame(cells: list[list[str]], box: Box, name: str) -> None:
    last = box.y + box.height - 1
    _put(cells, box.x, box.y, "╭" + f"─ {name} ".ljust(box.width - 2, "─") + "╮")
    for y in range(box.y + 1, last):
        cells[y][box.x] = cells[y][box.x + box.width - 1] = "│"
    _put(cells, box.x, last, "╰" + "─" * (box.width - 2) + "╯")


def _put(cells: list[list[str]], x: int, y: int, text: str) -> None:
    line = cells[y]
    line[x : x + len(text)] = text[: max(0, len(line) - x)]

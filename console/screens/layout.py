"""Which panels a terminal of a given size shows: pure, so that every size can be checked."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

PANELS = ("blotter", "positions", "ladder", "requests", "recon", "events")
"""In the order of their keys 1 to 6."""

NAMES = {
    "blotter": "1 Blotter",
    "positions": "2 Positions",
    "ladder": "3 Ladder",
    "requests": "4 Retry & latency",
    "recon": "5 Recon / drift",
    "events": "6 Events/audit",
}
LEFT = ("blotter", "events")
RIGHT = ("positions", "requests", "recon", "ladder")
"""Both from the top. A panel without a height of its own takes what the others leave."""
TABS = ("Blot", "Pos", "Ladr", "Lat", "Recon", "Log")


class SizeClass(StrEnum):
    """The three layouts and the size at which only stopping is left; also CSS class names."""

    WIDE = "-wide"
    MEDIUM = "-medium"
    NARROW = "-narrow"
    TINY = "-tiny"


class Sizes(NamedTuple):
    """What is fixed in a layout, in cells: the right side's width, and heights of panels."""

    right_width: int
    heights: dict[str, int]


SIZES = {
    SizeClass.WIDE: Sizes(62, {"events": 13, "positions": 14, "requests": 10, "recon": 12}),
    SizeClass.MEDIUM: Sizes(42, {"events": 8, "positions": 12, "requests": 9}),
}
"""Layouts of more than one panel."""


class Box(NamedTuple):
    """A place on the screen, in cells, its border included."""

    x: int
    y: int
    width: int
    height: int


def size_class(width: int, height: int) -> SizeClass:
    """The layout for a terminal of `width` x `height` cells."""
    if width < 60 or height < 15:
        return SizeClass.TINY
    if width < 110 or height < 30:
        return SizeClass.NARROW
    return SizeClass.WIDE if width >= 160 and height >= 45 else SizeClass.MEDIUM


def shown_panels(size: SizeClass, active: str, *, zoomed: bool = False) -> frozenset[str]:
    """The panels on screen when `active` has the keys.

    A medium screen shows the ladder in place of the reconciliation while it is wanted.
    """
    if size is SizeClass.TINY:
        return frozenset()
    if size is SizeClass.NARROW or zoomed:
        return frozenset({active})
    if size is SizeClass.WIDE:
        return frozenset(PANELS)
    return frozenset(PANELS) - {"recon" if active == "ladder" else "ladder"}


def banner_height(width: int) -> int:
    """Lines of the banner: one, or two where it is narrow."""
    return 1 if width >= 100 else 2


def first_boxes(width: int, height: int) -> dict[str, Box]:
    """Where each panel stands on the first screen, before anything was asked for."""
    size = size_class(width, height)
    shown = shown_panels(size, PANELS[0])
    top = banner_height(width) + (size is SizeClass.NARROW)
    bottom = height - 1
    if size not in SIZES:
        return {panel: Box(0, top, width, bottom - top) for panel in shown}
    right, heights = SIZES[size]
    boxes: dict[str, Box] = {}
    for x, side_width, side in ((0, width - right, LEFT), (width - right, right, RIGHT)):
        panels = [panel for panel in side if panel in shown]
        spare = bottom - top - sum(heights.get(panel, 0) for panel in panels)
        y = top
        for panel in panels:
            boxes[panel] = Box(x, y, side_width, heights.get(panel, spare))
            y += heights.get(panel, spare)
    return boxes


def next_panel(active: str, step: int) -> str:
    """The panel that tab (`step` 1) or shift+tab (-1) goes to; a hidden one is shown for it."""
    return PANELS[(PANELS.index(active) + step) % len(PANELS)]

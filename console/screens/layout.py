"""Which panels a terminal of a given size shows: pure, so that every size can be checked."""

from __future__ import annotations

from enum import StrEnum

PANELS = ("blotter", "positions", "ladder", "requests", "recon", "events")
"""In the order of their keys 1 to 6."""

LEFT = ("blotter", "events")
TABS = ("Blot", "Pos", "Ladr", "Lat", "Recon", "Log")


class SizeClass(StrEnum):
    """The three layouts and the size at which only stopping is left; also CSS class names."""

    WIDE = "-wide"
    MEDIUM = "-medium"
    NARROW = "-narrow"
    TINY = "-tiny"


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


def next_panel(active: str, step: int) -> str:
    """The panel that tab (`step` 1) or shift+tab (-1) goes to; a hidden one is shown for it."""
    return PANELS[(PANELS.index(active) + step) % len(PANELS)]

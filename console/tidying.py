"""Freeing what is gone from the screen, while nobody waits for it.

A sheet that was left is garbage in cycles, two to three megabytes of it. The collector is told to
look at old objects hardly ever, because everything waits while it does, orders too: ten to twenty
milliseconds for a sheet. So that is done here, in a pause of the operator.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from textual._styles_cache import StylesCache

PAUSE_S = 1.0
"""Whoever has not pressed a key for so long is reading, not typing."""


def _collect() -> None:
    StylesCache.get_inner_outer.cache_clear()  # of gone widgets it keeps the lines: 1,024 of them
    gc.collect()


class Tidying:
    """Collects once, in a pause, after whatever went. Times are in seconds of one clock."""

    def __init__(self, collect: Callable[[], None] = _collect) -> None:
        self._collect = collect
        self._used_s = 0.0
        self._gone: list[float] = []

    def used(self, now_s: float) -> None:
        """A key was pressed."""
        self._used_s = now_s

    def goes(self, when_s: float) -> None:
        """Something leaves the screen then, and is garbage a moment later."""
        self._gone.append(when_s)

    def look(self, now_s: float) -> None:
        """Collect, where there is something to collect and the operator pauses."""
        before_s = now_s - PAUSE_S
        if self._used_s > before_s or not any(when_s <= before_s for when_s in self._gone):
            return
        self._gone = [when_s for when_s in self._gone if when_s > before_s]
        self._collect()

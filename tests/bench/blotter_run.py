"""A program for a terminal: repaints of the order table, timed from inside; writes JSON to a file.

python -m tests.bench.blotter_run OUT ORDERS FRAMES
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from textual.app import App, ComposeResult
from textual.screen import Screen

from console.glyphs import UNICODE
from console.replica import Changes, Replica
from console.screens.picture import PictureScreen
from console.theme import load_themes, theme_variable_defaults
from console.views import blotter
from console.widgets.blotter import Blotter
from tests.bench.orders import open_orders, partial_fill
from tests.console.fakes import NOW

DIRTY = (0, 1, 50)
SETTLE_S = 0.04
"""Longer than Textual waits before it repaints: after it a frame is on its way to the terminal."""


class BlotterApp(App[None]):
    """Nothing but an order table."""

    def __init__(self, orders: int, frames: int) -> None:
        super().__init__()
        self.table = Blotter()
        self.replica = Replica()
        self.result: dict[str, float] = {}
        self._orders = orders
        self._frames = frames
        for theme in load_themes():
            self.register_theme(theme)
        self.theme = load_themes()[0].name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_variable_defaults()

    def get_default_screen(self) -> Screen[None]:
        return PictureScreen()

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.run_worker(self._measure())

    async def _measure(self) -> None:
        self.replica.apply(open_orders(self._orders), NOW)
        self._sync(Changes(reset=True))
        gc.collect()
        gc.freeze()
        await asyncio.sleep(0.5)
        visible = self.table.visible_ids()
        for dirty in DIRTY:
            changed = list(visible)[:dirty]
            if len(changed) < dirty:
                raise ValueError(f"only {len(changed)} rows are visible")
            await self._frame(changed)
            started_s = time.thread_time()
            for _ in range(self._frames):
                await self._frame(changed)
            took_s = time.thread_time() - started_s
            self.result[f"dirty_{dirty}_ms"] = took_s / self._frames * 1e3
        self.exit()

    async def _frame(self, changed: Sequence[str]) -> None:
        """Fold one fill of each order, draw, and let Textual repaint. Without orders: wait."""
        if changed:
            state = self.replica.state
            update = partial_fill(changed, state.seq)
            self._sync(self.replica.apply(update, NOW))
        await asyncio.sleep(SETTLE_S)

    def _sync(self, changes: Changes) -> None:
        self.table.sync(blotter.view(self.replica, changes, UNICODE, stale=False))


def main() -> None:
    """Run in the terminal at hand."""
    out, orders, frames = sys.argv[1:]
    app = BlotterApp(int(orders), int(frames))
    app.run()
    Path(out).write_text(json.dumps(app.result))


if __name__ == "__main__":
    main()

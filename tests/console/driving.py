"""Drives the real app without a terminal: keys with chosen times, frames only when asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual import events
from textual.keys import key_to_character
from textual.pilot import Pilot
from textual.widgets import Static

from console.app import ConsoleApp
from console.ids import Ids
from console.keymap import read_keymap
from console.options import Options
from console.session import Session
from engine.clock import NS, SimClock
from tests.console.fakes import NOW, FakeLink, busy_link

QUIET_TURNS = 10
QUIET_HZ = 0.001
"""Frames come from `Console.frame`, not from a timer."""


class Console:
    """One app under test. `s` is the monotonic time, moved with the clock by `wait`."""

    def __init__(self, link: FakeLink | None = None, **options: Any) -> None:
        self.link = busy_link() if link is None else link
        self.clock = SimClock(NOW)
        self.s = 1000.0
        settings: dict[str, Any] = {"hz": QUIET_HZ, "state_dir": Path()}
        wanted = Options(**(settings | options))
        self.session = Session(
            self.link, self.clock, wanted, read_keymap(wanted.keymap), ids=Ids("run")
        )
        self.app = ConsoleApp(self.session, monotonic=lambda: self.s)
        self.app.animation_level = "none"
        self.pilot: Pilot[int]
        self.alive = True
        """The engine goes on sending its status while keys are pressed."""

    def run(
        self,
        play: Callable[[Console], Awaitable[None]],
        size: tuple[int, int] = (120, 40),
    ) -> None:
        """Run `play` on the mounted app."""

        async def main() -> None:
            async with self.app.run_test(size=size, notifications=True) as pilot:
                self.pilot = pilot
                await self.frame()
                await play(self)

        asyncio.run(main())

    def wait(self, seconds: float) -> None:
        """Let time pass for keys, clocks and the engine's status."""
        self.s += seconds
        self.clock.move_to(self.clock.now_ns() + round(seconds * NS))

    async def frame(self) -> None:
        """One turn of the session, drawn."""
        self.app.tick()
        await self.settle()

    async def settle(self) -> None:
        """Wait until no widget has a message left: a key bubbles through every one above it."""
        quiet = 0
        while quiet < QUIET_TURNS:
            await asyncio.sleep(0)
            screens = self.app.screen_stack
            pumps = [self.app, *screens, *(w for screen in screens for w in screen.walk_children())]
            quiet = 0 if any(pump.message_queue_size for pump in pumps) else quiet + 1
        await self.pilot.pause(0)

    async def press(self, *keys: str, gap: float = 0.5, age: float = 0.0) -> None:
        """Press keys `gap` seconds apart, each of them `age` seconds before it arrives."""
        for key in keys:
            self.wait(gap)
            if self.alive and self.session.replica.status is not None:
                self.link.tell(self.session.replica.status)
            character = key if len(key) == 1 else key_to_character(key)
            event = events.Key(key, "\r" if key == "enter" else character)
            event.time = self.s - age
            self.app.post_message(event)
            await self.settle()
            await self.frame()

    async def paste(self, text: str) -> None:
        """The same characters as a terminal without bracketed paste sends them: all at once."""
        for character in text:
            event = events.Key("enter" if character == "\n" else character, character)
            event.time = self.s
            self.app.post_message(event)
        await self.settle()
        await self.frame()

    @property
    def sheet(self) -> str:
        """The name of the sheet on top; `MainScreen` when there is none."""
        return type(self.app.screen).__name__

    @property
    def toasts(self) -> list[str]:
        """What was said, oldest first."""
        return [notification.message for notification in self.app._notifications]

    def text(self, selector: str) -> str:
        """What a line of the screen on top says."""
        return str(self.app.screen.query_one(selector, Static).content)

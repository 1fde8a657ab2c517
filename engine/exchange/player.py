"""Plays a market source's frames on the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from engine.exchange.sources.frames import Frame, later

STALL_NS = 5_000_000_000
"""A clock that jumps further than this (a suspended machine) pauses the market for the jump."""


class Timer(Protocol):
    """A pending call."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Unix time in nanoseconds, and calls on the event loop at a time."""

    def now_ns(self) -> int: ...
    def call_at(self, when_ns: int, callback: Callable[[], None], /) -> Timer: ...


class Progress(NamedTuple):
    """How far a market has been played, in its own unix ns; `last_ts` None: it never ends."""

    first_ts: int
    last_ts: int | None
    now_ts: int
    finished: bool


class Player:
    """Hands each frame to `play` when its time has come, and calls `after` once a batch.

    Pausing shifts what is left of the market by the time it stood still, stamps and all: whoever is
    told of it knows only the clock.
    """

    def __init__(
        self,
        clock: Clock,
        frames: Iterator[Frame],
        play: Callable[[Frame], None],
        after: Callable[[], None],
        first_ts: int,
    ) -> None:
        self.now_ts = first_ts
        self._clock = clock
        self._frames = frames
        self._play = play
        self._after = after
        self._next: Frame | None = None
        self._timer: Timer | None = None
        self._shift_ns = 0
        self._paused_at: int | None = None
        self._running = False
        self._started = False

    @property
    def finished(self) -> bool:
        """True once every frame has been played."""
        return self._started and self._next is None

    def start(self) -> None:
        """Play what is due and go on from there."""
        if not self._started:
            self._started = True
            self._next = next(self._frames, None)
        self._running = True
        self._advance()

    def stop(self) -> None:
        """Play no more frames, for good."""
        self._running = False
        self._cancel()

    def pause(self) -> None:
        """Hold the frames back until `resume`."""
        if self._paused_at is None:
            self._paused_at = self._clock.now_ns()
            self._cancel()

    def resume(self) -> None:
        """Go on; the market has lost the time of the pause."""
        if self._paused_at is not None:
            self._shift_ns += self._clock.now_ns() - self._paused_at
            self._paused_at = None
            self._advance()

    def catch_up(self) -> None:
        """Play what is due now, ahead of whatever else happens at this instant."""
        frame = self._next
        if frame is not None and frame.t_ns + self._shift_ns <= self._clock.now_ns():
            self._advance()

    def _advance(self) -> None:
        if not self._running or self._paused_at is not None:
            return
        self._cancel()
        now_ns = self._clock.now_ns()
        frame = self._next
        if frame is not None and now_ns - (frame.t_ns + self._shift_ns) > STALL_NS:
            self._shift_ns = now_ns - frame.t_ns
        while frame is not None and frame.t_ns + self._shift_ns <= now_ns:
            self.now_ts = frame.t_ns
            self._play(later(frame, self._shift_ns) if self._shift_ns else frame)
            frame = self._next = next(self._frames, None)
        self._after()
        if frame is not None:
            self._timer = self._clock.call_at(frame.t_ns + self._shift_ns, self._advance)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

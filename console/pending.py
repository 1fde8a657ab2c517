"""A link that can be used before there is an engine: stops wait for it, orders do not."""

from __future__ import annotations

import threading

from console.link import EngineLink
from engine.core.commands import Command
from engine.core.status import LinkUpdate
from engine.core.types import KillLevel


class NotStarted(RuntimeError):
    """A command was submitted before the engine was there. Nothing has been sent."""


class PendingLink:
    """An `EngineLink` whose engine arrives later, by `attach`, from any thread.

    A kill pressed before that is carried out first thing on arrival. The lock is only ever held
    for a moment, and is re-entrant: a signal handler may kill while its own thread is in `kill`.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._link: EngineLink | None = None
        self._kills: list[tuple[KillLevel, str, str]] = []
        self._symbols: frozenset[str] = frozenset()

    @property
    def attached(self) -> bool:
        """True once an engine is behind it."""
        return self._link is not None

    def attach(self, link: EngineLink) -> None:
        """Hand over to a real link, waiting kills first."""
        with self._lock:
            for level, by, reason in self._kills:
                link.kill(level, by, reason)
            link.watch(self._symbols)
            self._link = link

    def submit(self, command: Command) -> None:
        """Pass on one command. Raises NotStarted while there is no engine."""
        if self._link is None:
            raise NotStarted("the engine is still starting")
        self._link.submit(command)

    def kill(self, level: KillLevel, by: str = "operator", reason: str = "") -> None:
        """Pass on a kill at once, or keep it for the moment the engine is there."""
        with self._lock:
            if self._link is None:
                self._kills.append((level, by, reason))
                return
        self._link.kill(level, by, reason)

    def poll(self) -> LinkUpdate:
        """Everything new; nothing while there is no engine."""
        return LinkUpdate() if self._link is None else self._link.poll()

    def watch(self, symbols: frozenset[str]) -> None:
        """Which books to send, now or on arrival."""
        with self._lock:
            self._symbols = symbols
            if self._link is not None:
                self._link.watch(symbols)

    def pause_replay(self, paused: bool) -> None:
        """Stop or continue a recorded market; there is none before the engine."""
        if self._link is not None:
            self._link.pause_replay(paused)

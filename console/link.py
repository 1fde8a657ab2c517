"""The console's only door to an engine, whether it runs in this process or behind a socket."""

from __future__ import annotations

from typing import Protocol

from engine.core.commands import Command
from engine.core.status import LinkUpdate
from engine.core.types import KillLevel


class EngineLink(Protocol):
    """Commands in, numbered events out. Every method is quick, never blocks, and is safe to call
    from the console's thread while the engine runs in its own."""

    def submit(self, command: Command) -> None:
        """Hand over one command. Its outcome arrives as events that carry its `command_id`."""
        ...

    def kill(self, level: KillLevel, by: str = "operator", reason: str = "") -> None:
        """Close the router's gate at once, then carry out `level`. Works when nothing else does."""
        ...

    def poll(self) -> LinkUpdate:
        """Everything new since the last poll; empty (falsy) when nothing happened."""
        ...

    def watch(self, symbols: frozenset[str]) -> None:
        """Which symbols' books the console shows; only those are sent."""
        ...

    def pause_replay(self, paused: bool) -> None:
        """Stop or continue the frames of a recorded market; nothing else pauses."""
        ...

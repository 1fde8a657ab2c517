"""What a press of the kill key means: halt first, cancel on the second, send again ever after."""

from __future__ import annotations

from engine.core.types import KillLevel

SECOND_PRESS_S = 3.0


class KillKey:
    """Remembers the presses. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._pressed_s = -SECOND_PRESS_S - 1
        self._swept = False

    def press(self, now_s: float) -> KillLevel:
        """The level to run for a press now."""
        if now_s - self._pressed_s <= SECOND_PRESS_S:
            self._swept = True
        self._pressed_s = now_s
        return KillLevel.KILL if self._swept else KillLevel.HALT

    def both(self) -> KillLevel:
        """Both stages at once, as the palette and SIGUSR1 ask for."""
        self._swept = True
        return KillLevel.KILL

    def released(self, now_s: float) -> None:
        """Trading is not halted: the next press is a first one again.

        A press takes a moment to halt trading, so that one of the last seconds is not forgotten.
        """
        if now_s - self._pressed_s > SECOND_PRESS_S:
            self._swept = False

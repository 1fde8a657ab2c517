"""What follows a standstill: no order leaves until the account has been compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.clock import Clock
from engine.core.reports import LinkReport
from engine.core.requests import TimerFired
from engine.core.state import State
from engine.core.types import TradingState
from engine.kill.halt import Halt
from engine.standstill import Standstill


class Waking:
    """Closes the gate after a standstill and opens it again. `put` gives the loop a turn."""

    def __init__(
        self,
        standstill: Standstill,
        halt: Halt,
        state: State,
        clock: Clock,
        put: Callable[[TimerFired], object],
    ) -> None:
        self._standstill = standstill
        self._halt = halt
        self._state = state
        self._clock = clock
        self._put = put
        self._stood_still_s = 0.0
        self._doubtful: tuple[int, int] | None = None

    def look_round(self) -> None:
        """Notice that the process stood still. Whoever has a timer calls it; each batch does, too.

        What is known, and what waits to be sent, is as old as that: the gate is closed until the
        account has been compared.
        """
        still_s = self._standstill.look()
        if still_s:
            self._halt.close("standstill")
            self._stood_still_s = still_s
            self._doubtful = self._halt.seen(), self._clock.now_ns()
            # To have a turn, also where all is quiet.
            self._put(TimerFired(kind="account", key=""))

    def reports(self) -> Iterator[LinkReport]:
        """What to decide before anything else: no order until the account has been compared."""
        if not self._stood_still_s:
            return
        text, self._stood_still_s = f"stood still for {self._stood_still_s:.0f} s", 0.0
        if self._state.links.get("private"):
            for up in (False, True):
                yield LinkReport(link="private", up=up, text=text)

    def trust_again(self, compared_ns: int) -> None:
        """Open the gate where the comparison asked for at `compared_ns` came after the standstill.

        It has to have come out well.
        """
        if self._doubtful is None or not self._state.ready:
            return
        seen, since_ns = self._doubtful
        if compared_ns >= since_ns:
            self._doubtful = None
            if self._state.trading is not TradingState.HALTED:
                self._halt.reopen(seen)

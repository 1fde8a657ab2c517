"""A standstill is a long time without a look, told once."""

from __future__ import annotations

from engine.clock import NS
from engine.standstill import LIMIT_S, Standstill


class Watch:
    """A clock that goes only when it is told to."""

    def __init__(self) -> None:
        self.ns = 7 * NS

    def read_ns(self) -> int:
        return self.ns

    def passes(self, seconds: float) -> None:
        self.ns += round(seconds * NS)


def test_only_a_long_time_without_a_look_is_told_and_only_once() -> None:
    watch = Watch()
    standstill = Standstill(watch.read_ns)
    watch.passes(100)
    assert standstill.look() == 0
    standstill.begin()
    watch.passes(LIMIT_S)
    assert standstill.look() == 0
    watch.passes(31)
    assert standstill.look() == 31
    assert standstill.look() == 0

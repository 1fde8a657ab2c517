"""What the engine asks for regularly: the venue's time, while a limit needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.core.events import OrderDenied
from engine.core.limits import PAPER_LIMITS
from tests.support.house import House, simulate

TIME = "/v5/market/time"


def asked(house: House) -> list[float]:
    """Hear when the venue's time is asked for, in seconds of the clock."""
    times: list[float] = []

    async def on_reply(path: str, _query: str, reply: Any) -> Any:
        if path == TIME:
            times.append(house.clock.now_ns() / 1e9)
        return reply

    house.on_reply = on_reply
    return times


def test_the_clock_is_measured_when_connected_and_every_two_minutes(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        times = asked(house)
        engine = await house.engine()
        await house.clock.sleep(250)
        assert [round(at - times[0]) for at in times] == [0, 120, 240]
        assert abs(engine.venue_clock().offset_ns) <= 1_000_000
        await house.give(house.place("a1"))
        assert not any(isinstance(event, OrderDenied) for event in house.events())

    simulate(tmp_path / "h", scenario, limits=replace(PAPER_LIMITS, max_clock_offset_ms=500))


def test_without_a_limit_nothing_is_asked(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        times = asked(house)
        engine = await house.engine()
        await house.clock.sleep(250)
        assert times == []
        assert engine.venue_clock().ts == 0

    simulate(tmp_path / "h", scenario)


def test_the_pnl_is_compared_every_minute(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        seen = set()
        for _ in range(4):
            await house.clock.sleep(60)
            seen.add(engine.pnl.ts)
        assert len(seen) == 4

    simulate(tmp_path / "h", scenario)

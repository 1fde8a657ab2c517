"""An engine whose venue is away begins on its journal and joins it when it answers."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest

from engine.clock import NS
from engine.control.telemetry import Telemetry
from engine.core.commands import CancelOrder, Kill
from engine.core.events import ConnectivityChanged, KeyNoted, OrderDenied
from engine.core.status import VenueJoin
from engine.core.types import JoinState, OrderState, TradingState
from engine.engine import Engine
from engine.errors import TradedeckError
from engine.joining import MAX_BACKOFF_S, PATIENCE_S, Joining
from engine.venues.errors import RateLimited, VenueRefused
from engine.venues.protocol import HttpReply
from tests.support.house import House, simulate

REFUSED = "Connection refused"


class Away:
    """A venue that takes no connection until `back`; `tried_s` is when it was tried."""

    def __init__(self, house: House) -> None:
        self.is_away = True
        self.tried_s: list[float] = []
        self.warnings: tuple[str, ...] = ()
        self.verdict: Exception | None = None
        self._house = house
        house.on_reply = self._answer

    async def judge(self) -> tuple[str, ...]:
        self.tried_s.append(self._house.clock.now_ns() / NS)
        if self.is_away:
            raise ConnectionError(REFUSED)
        if self.verdict is not None:
            raise self.verdict
        return self.warnings

    async def _answer(self, _path: str, _query: str, reply: HttpReply) -> HttpReply:
        if self.is_away:
            raise ConnectionError(REFUSED)
        return reply


async def begun(house: House, away: Away) -> tuple[Engine, Joining]:
    """The engine on its journal, and its joining under way."""
    engine = await house.engine(wait=False)
    await engine.begin()
    joining = Joining(engine, house.client, away.judge, random.Random(1))
    engine.dispatcher.spawn(joining.run())
    return engine, joining


def play(folder: Path, scenario: Callable[[House, Away, Engine, Joining], Awaitable[None]]) -> None:
    """Run `scenario` in the second life of a house with one resting order, its venue away."""

    async def whole(house: House) -> None:
        await house.clock.sleep(1)
        await house.engine()
        await house.give(house.place("a1"))
        await house.stop()
        away = Away(house)
        await scenario(house, away, *await begun(house, away))

    simulate(folder, whole)


def look(engine: Engine) -> Telemetry:
    return Telemetry(engine, mode="LIVE", version="1", replay=lambda: None)


def test_the_journal_is_there_at_once_and_what_adds_exposure_is_denied_with_the_reason(
    tmp_path: Path,
) -> None:
    async def scenario(house: House, away: Away, engine: Engine, joining: Joining) -> None:
        await joining.first()
        assert house.order("a1").state is OrderState.NEW
        assert engine.state.instruments["BTCUSDT"].symbol == "BTCUSDT"
        await house.give(house.place("a2"))
        denied = house.events()[-1]
        assert isinstance(denied, OrderDenied)
        assert (denied.code, denied.value, denied.limit, denied.passes) == (
            "VENUE_AWAY", "unreachable: Connection refused", "next try in 1 s", "cancels",
        )  # fmt: skip
        (down,) = (e for e in house.events() if isinstance(e, ConnectivityChanged))
        assert (down.link, down.up, down.text) == ("private", False, REFUSED)

    play(tmp_path / "h", scenario)


def test_it_is_tried_for_ever_with_pauses_that_double_and_do_not_keep_step(tmp_path: Path) -> None:
    async def scenario(house: House, away: Away, engine: Engine, joining: Joining) -> None:
        await house.clock.sleep(600)
        pauses = [later - at for at, later in pairwise(away.tried_s)]
        for number, pause in enumerate(pauses):
            longest = min(MAX_BACKOFF_S, 2.0**number)
            assert longest / 2 <= pause <= longest
        assert len(set(pauses)) == len(pauses) >= 20
        assert engine.join.tries == len(away.tried_s)

    play(tmp_path / "h", scenario)


def test_it_becomes_ready_by_the_comparison_of_every_start(tmp_path: Path) -> None:
    async def scenario(house: House, away: Away, engine: Engine, joining: Joining) -> None:
        await house.clock.sleep(60)
        assert not engine.state.ready
        assert engine.state.tries == {}, "no question was used up meanwhile"
        away.is_away = False
        await house.clock.sleep(40)
        assert engine.join == VenueJoin()
        assert engine.state.ready
        assert look(engine).health().status == "ok"
        ups = [e.up for e in house.events() if isinstance(e, ConnectivityChanged)]
        assert ups == [False, True]
        await house.give(house.place("a2"))
        assert house.order("a2").state is OrderState.NEW
        assert house.created == {"a1": 1, "a2": 1}

    play(tmp_path / "h", scenario)


def test_health_says_what_is_wrong_since_when_and_when_it_is_tried_again(tmp_path: Path) -> None:
    async def scenario(house: House, away: Away, engine: Engine, joining: Joining) -> None:
        await joining.first()
        health = look(engine).health()
        assert health.status == "starting"
        assert health.problems[0] == (
            "venue unreachable: Connection refused; next try in 1 s (1 try in 0 s)"
        )
        assert not any("compared" in problem for problem in health.problems)

    play(tmp_path / "h", scenario)


def test_cancels_and_the_kill_switch_work_without_a_venue_as_far_as_they_can(
    tmp_path: Path,
) -> None:
    async def scenario(house: House, away: Away, engine: Engine, joining: Joining) -> None:
        await joining.first()
        await house.give(CancelOrder(command_id="x1", client_order_id="a1"), after_s=2)
        assert house.order("a1").state is OrderState.PENDING_CANCEL
        await house.give(Kill(command_id="k1"), after_s=70)
        kill = engine.state.kill
        assert kill is not None
        assert (kill.done, kill.verified_zero_at, kill.residual) == (True, 0, ("a1",))
        assert engine.failure == ""
        away.is_away = False
        await house.clock.sleep(60)
        assert engine.state.trading is TradingState.HALTED
        await house.give(Kill(command_id="k2"), after_s=5)
        assert house.at_venue() == {}

    play(tmp_path / "h", scenario)


@pytest.mark.parametrize(
    "verdict", [VenueRefused("10003 API key is invalid"), TradedeckError("the key can withdraw")]
)
def test_a_refusal_ends_the_start_at_once(tmp_path: Path, verdict: Exception) -> None:
    async def scenario(house: House, away: Away, engine: Engine, joining: Joining) -> None:
        away.is_away, away.verdict = False, verdict
        with pytest.raises(type(verdict), match=str(verdict)):
            await joining.first()
        await house.clock.sleep(100)
        assert len(away.tried_s) == 1

    play(tmp_path / "h", scenario)


def test_a_refusal_later_ends_the_trying_and_is_shown(tmp_path: Path) -> None:
    async def scenario(house: House, away: Away, engine: Engine, joining: Joining) -> None:
        await joining.first()
        away.is_away, away.verdict = False, TradedeckError("the key can withdraw")
        await house.clock.sleep(100)
        assert len(away.tried_s) == 2
        assert (engine.join.state, engine.join.error) == (
            JoinState.REFUSED,
            "the key can withdraw",
        )
        health = look(engine).health()
        assert health.status == "failed"
        assert health.problems[0] == (
            "venue refused: the key can withdraw; it is not tried again: correct that and restart"
            " (2 tries in 100 s)"
        )
        await house.give(house.place("a2"))
        assert house.order("a2").reason == "VENUE_AWAY"

    play(tmp_path / "h", scenario)


def test_a_venue_that_says_nothing_does_not_keep_the_console_waiting(tmp_path: Path) -> None:
    async def scenario(house: House, away: Away, engine: Engine, joining: Joining) -> None:
        began_ns = house.clock.now_ns()

        async def nothing() -> tuple[str, ...]:
            await house.clock.sleep(10**6)
            raise AssertionError

        away.judge = nothing  # type: ignore[method-assign]
        slow = Joining(engine, house.client, nothing, random.Random(1))
        engine.dispatcher.spawn(slow.run())
        await slow.first()
        assert house.clock.now_ns() - began_ns == PATIENCE_S * NS

    play(tmp_path / "h", scenario)


def test_a_banned_address_is_not_tried_before_the_ban_is_over(tmp_path: Path) -> None:
    async def scenario(house: House, away: Away, engine: Engine, joining: Joining) -> None:
        until_ns = house.clock.now_ns() + 600 * NS
        away.is_away, away.verdict = False, RateLimited("HTTP 403", until_ns)
        await joining.first()
        away.verdict = None
        assert engine.join.retry_ts == until_ns
        assert engine.join.outlook(house.clock.now_ns()) == "next try in 600 s"
        await house.clock.sleep(601)
        assert engine.join.joined

    play(tmp_path / "h", scenario)


def test_a_stream_that_cannot_be_opened_leaves_no_other_standing(tmp_path: Path) -> None:
    async def scenario(house: House, away: Away, engine: Engine, joining: Joining) -> None:
        away.is_away = False
        house.refused_streams = {"/v5/public/linear"}
        await house.clock.sleep(30)
        assert engine.state.links["private"] is False
        assert not engine.state.ready
        house.refused_streams = set()
        await house.clock.sleep(40)
        assert engine.state.ready

    play(tmp_path / "h", scenario)


def test_what_speaks_against_the_key_is_an_event_once_the_console_is_there(tmp_path: Path) -> None:
    async def scenario(house: House, away: Away, engine: Engine, joining: Joining) -> None:
        away.is_away, away.warnings = False, ("the key expires in 3 days",)
        await joining.first()
        assert look(engine).status().warnings == ("the key expires in 3 days",)
        assert not any(isinstance(event, KeyNoted) for event in house.events())
        await house.clock.sleep(2)
        (noted,) = (event for event in house.events() if isinstance(event, KeyNoted))
        assert noted.warnings == ("the key expires in 3 days",)

    play(tmp_path / "h", scenario)

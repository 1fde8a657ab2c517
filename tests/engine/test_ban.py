"""The venue shuts the address out of REST: cancels leave by the socket, everything else waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from engine.clock import NS
from engine.control.telemetry import Telemetry
from engine.core.commands import CancelOrder, Kill
from engine.core.events import OrderDenied
from engine.core.types import OrderState
from engine.venues.protocol import HttpReply
from tests.engine.venues.bybit.scripted import Reply
from tests.support.house import House, simulate

ORDER_TOPIC = b'"topic":"order'


class Ban:
    """From `begin` on every REST request is answered 403, and each of them is counted."""

    def __init__(self, house: House) -> None:
        self.asked = 0
        self.began_ns = 0
        self._house = house

    def begin(self) -> None:
        self.began_ns = self._house.clock.now_ns()
        self._house.on_reply = self._forbid

    def lift(self) -> None:
        self._house.on_reply = _as_it_is

    async def _forbid(self, _path: str, _query: str, _reply: HttpReply) -> HttpReply:
        self.asked += 1
        return Reply(403, b"access too frequent")


async def _as_it_is(_path: str, _query: str, reply: HttpReply) -> HttpReply:
    return reply


def banned(
    folder: Path, scenario: Callable[[House, Ban, Telemetry], Awaitable[None]], *orders: str
) -> None:
    """Run `scenario` in a ban that the first comparison after some resting orders has found."""

    async def whole(house: House) -> None:
        await house.clock.sleep(1)
        engine = await house.engine()
        telemetry = Telemetry(engine, mode="LIVE", version="1", replay=lambda: None)
        for order_id in orders:
            await house.give(house.place(order_id))
        ban = Ban(house)
        ban.begin()
        await house.clock.sleep(6)
        assert ban.asked == 1, "the first answer is enough to know"
        await scenario(house, ban, telemetry)

    simulate(folder, whole, trade_socket=True)


def test_f10_a_cancel_goes_over_the_trade_socket(tmp_path: Path) -> None:
    async def scenario(house: House, ban: Ban, _telemetry: Telemetry) -> None:
        await house.give(CancelOrder(command_id="x1", client_order_id="a1"))
        assert house.order("a1").state is OrderState.CANCELED
        assert house.at_venue() == {}
        assert ban.asked == 1

    banned(tmp_path / "h", scenario, "a1")


def test_f10_places_are_denied_with_the_reason_and_the_time_left(tmp_path: Path) -> None:
    async def scenario(house: House, ban: Ban, _telemetry: Telemetry) -> None:
        await house.give(house.place("a2"))
        denied = house.events()[-1]
        assert isinstance(denied, OrderDenied)
        assert (denied.code, denied.value) == (
            "BREAKER_OPEN",
            "place: HTTP 403: the venue answers this address nothing by REST",
        )
        assert denied.limit == "next probe in 595 s"
        assert (house.at_venue(), ban.asked) == ({}, 1)

    banned(tmp_path / "h", scenario)


def test_f10_questions_wait_are_not_used_up_and_are_asked_when_the_ban_is_over(
    tmp_path: Path,
) -> None:
    async def scenario(house: House, ban: Ban, telemetry: Telemetry) -> None:
        house.hears = lambda message: ORDER_TOPIC not in message
        await house.give(CancelOrder(command_id="x1", client_order_id="a1"))
        await house.clock.sleep(500)
        assert ban.asked == 1
        assert house.order("a1").state is OrderState.PENDING_CANCEL
        assert house.live.state.tries == {}
        assert telemetry.health().reconcile_age_s is not None
        ban.lift()
        await house.clock.sleep(120)
        assert house.order("a1").state is OrderState.CANCELED
        assert house.live.state.stuck == set()
        assert telemetry.health().status == "ok"
        await house.give(house.place("a2"))
        assert house.order("a2").state is OrderState.NEW

    banned(tmp_path / "h", scenario, "a1")


def test_f10_a_console_sees_the_ban_and_how_long_it_lasts(tmp_path: Path) -> None:
    async def scenario(house: House, ban: Ban, telemetry: Telemetry) -> None:
        look = telemetry.look()
        held = {breaker.name: breaker.probe_ts for breaker in look.breakers if breaker.held}
        assert held.keys() == {"place", "query"}
        assert all(590 < (until - look.ts) / NS < 600 for until in held.values())
        assert any("HTTP 403" in problem for problem in telemetry.health().problems)

    banned(tmp_path / "h", scenario)


def test_f48_a_kill_in_a_ban_cancels_over_the_socket_and_does_not_claim_a_verified_zero(
    tmp_path: Path,
) -> None:
    async def scenario(house: House, ban: Ban, _telemetry: Telemetry) -> None:
        await house.give(Kill(command_id="k1"), after_s=1)
        assert house.at_venue() == {}
        await house.clock.sleep(65)
        kill = house.live.state.kill
        assert kill is not None
        assert (kill.done, kill.verified_zero_at, kill.residual) == (True, 0, ())
        assert ban.asked == 1
        ban.lift()
        await house.clock.sleep(600)
        await house.give(Kill(command_id="k2"), after_s=5)
        again = house.live.state.kill
        assert again is not None
        assert again.verified_zero_at > 0

    banned(tmp_path / "h", scenario, "a1", "a2")

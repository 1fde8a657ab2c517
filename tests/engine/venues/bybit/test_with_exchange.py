"""The client, and a router over it, on the simulated exchange: the two ends of the wire agree."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from engine.clock import NS, SimClock, run_simulated
from engine.core.market import BookUpdate, MarketUpdate
from engine.core.orders.terms import Attached, Exit, Trigger, TriggerBy, TriggerDirection
from engine.core.reports import (
    FillEvent,
    LinkReport,
    OrderReport,
    Outcome,
    PositionReport,
    Report,
    SettingsReport,
    VenueStatus,
)
from engine.core.requests import (
    AmendRequest,
    CancelRequest,
    MassCancelRequest,
    OrderRequest,
    QueryOrder,
    SettingRequest,
)
from engine.core.settings import MarketSettings
from engine.core.types import Category, OrderType, Side, TimeInForce
from engine.exchange import Exchange, create_exchange
from engine.exchange.faults import Plan, parse_plan
from engine.exchange.sources.synthetic import create_synthetic
from engine.router import OrderRouter
from engine.venues.bybit import BybitClient, create_bybit_client
from engine.venues.reasons import Reason

T0 = 1_700_000_000 * NS


class Rig:
    """A client connected to an exchange with a synthetic market, in virtual time."""

    def __init__(self, *, dcp: bool = False, faults: Plan | None = None) -> None:
        self.clock = SimClock(T0)
        self.exchange: Exchange = create_exchange(
            self.clock, create_synthetic(3, T0), seed=3, faults=faults
        )
        self.client: BybitClient = create_bybit_client(
            self.exchange.transport(),
            self.clock,
            api_key="paper",
            api_secret="paper",
            rng=random.Random(3),
            dcp=dcp,
        )
        self.router = OrderRouter(self.client, self.clock, rng=random.Random(3))
        self.reports: list[Report] = []
        self.updates: list[MarketUpdate] = []

    def play(self, scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            self.exchange.start()
            await self.client.connect(self.reports.append, self.updates.append)
            try:
                await scenario()
            finally:
                await self.client.close()
                self.exchange.stop()
            assert not self.client.anomalies

        run_simulated(self.clock, whole())

    def order(self, order_id: str) -> OrderReport:
        """The newest row of one order."""
        return [
            report
            for report in self.reports
            if isinstance(report, OrderReport) and report.client_order_id == order_id
        ][-1]

    def fills(self, order_id: str) -> list[FillEvent]:
        return [
            report
            for report in self.reports
            if isinstance(report, FillEvent) and report.client_order_id == order_id
        ]


def _order(order_id: str, price: str | None, **changes: Any) -> OrderRequest:
    terms: dict[str, Any] = {
        "client_order_id": order_id,
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "qty": Decimal("0.010"),
        "price": None if price is None else Decimal(price),
    }
    return OrderRequest(**(terms | changes))


def test_a_life_of_an_order() -> None:
    rig = Rig()

    async def scenario() -> None:
        placed = await rig.router.place(_order("o-1", "50000"))
        await rig.clock.sleep(0.01)
        row = rig.order("o-1")
        assert (row.status, row.exchange_order_id) == (
            VenueStatus.NEW,
            placed.exchange_order_id,
        )
        amend = AmendRequest(client_order_id="o-1", symbol="BTCUSDT", price=Decimal(50001))
        assert (await rig.router.amend(amend)).accepted
        await rig.clock.sleep(0.01)
        assert rig.order("o-1").price == Decimal(50001)
        cancel = CancelRequest(client_order_id="o-1", symbol="BTCUSDT")
        assert (await rig.router.cancel(cancel)).accepted
        await rig.clock.sleep(0.01)
        row = rig.order("o-1")
        assert (row.status, row.reason) == (VenueStatus.CANCELED, Reason.USER)
        assert (await rig.router.cancel(cancel)).reason == Reason.NOT_FOUND

    rig.play(scenario)


def test_orders_end_for_the_reason_their_terms_give() -> None:
    rig = Rig()

    async def scenario() -> None:
        for order in (
            _order("post", "70000", post_only=True),
            _order("ioc", "50000", time_in_force=TimeInForce.IOC),
            _order("fok", "50000", time_in_force=TimeInForce.FOK),
        ):
            assert (await rig.router.place(order)).accepted
        await rig.clock.sleep(0.01)
        ended = {name: rig.order(name) for name in ("post", "ioc", "fok")}
        assert {row.status for row in ended.values()} == {VenueStatus.CANCELED}
        assert {name: row.reason for name, row in ended.items()} == {
            "post": Reason.POST_ONLY_WOULD_TAKE,
            "ioc": Reason.IOC_REMAINDER,
            "fok": Reason.FOK_NOT_FILLED,
        }

    rig.play(scenario)


def test_fills_and_positions_agree_between_stream_lookup_and_snapshot() -> None:
    rig = Rig()

    async def scenario() -> None:
        market = _order("m-1", None, type=OrderType.MARKET, qty=Decimal("0.500"))
        assert (await rig.router.place(market)).accepted
        spot = _order("s-1", None, symbol="BTC/USDT", type=OrderType.MARKET)
        assert (await rig.router.place(spot)).accepted
        resting = _order("r-1", "50000", symbol="BTC/USDT")
        assert (await rig.router.place(resting)).accepted
        await rig.clock.sleep(0.01)

        fills = rig.fills("m-1")
        assert sum(fill.qty for fill in fills) == Decimal("0.500")
        assert {fill.fee_currency for fill in fills} == {"USDT"}
        assert rig.order("m-1").status is VenueStatus.FILLED
        assert rig.order("m-1").price is None
        assert {fill.symbol for fill in rig.fills("s-1")} == {"BTC/USDT"}

        lookup = await rig.router.lookup(QueryOrder(client_order_id="m-1", symbol="BTCUSDT"))
        assert lookup.complete
        assert lookup.order == rig.order("m-1")
        assert sorted(fill.exec_id for fill in lookup.fills) == sorted(f.exec_id for f in fills)

        snapshot = await rig.router.snapshot(T0)
        assert (snapshot.complete, snapshot.error) == (True, "")
        assert [(held.symbol, held.qty) for held in snapshot.positions] == [
            ("BTCUSDT", Decimal("0.500"))
        ]
        assert [order.client_order_id for order in snapshot.open_orders] == ["r-1"]
        booked = {fill.exec_id for fill in fills + rig.fills("s-1")}
        assert {fill.exec_id for fill in snapshot.fills} == booked

    rig.play(scenario)


def test_f37_more_orders_and_fills_than_a_page_holds_are_all_seen() -> None:
    rig = Rig()

    async def scenario() -> None:
        ids = [f"o-{n}" for n in range(130)]
        placed = await asyncio.gather(
            *(rig.router.place(_order(order_id, "50000")) for order_id in ids)
        )
        assert all(answer.accepted for answer in placed)
        snapshot = await rig.client.snapshot(T0)
        assert snapshot.complete
        assert {order.client_order_id for order in snapshot.open_orders} == set(ids)

    rig.play(scenario)


def test_f01_an_answer_lost_on_the_network_leaves_one_order_which_is_found() -> None:
    rig = Rig()

    async def scenario() -> None:
        placing = asyncio.create_task(rig.router.place(_order("o-1", "50000")))
        await rig.clock.sleep(0.001)
        rig.exchange.drop_connections()
        response = await placing
        assert (response.outcome, response.attempts) == (Outcome.ACCEPTED, 2)
        snapshot = await rig.client.snapshot(T0)
        assert [order.exchange_order_id for order in snapshot.open_orders] == [
            response.exchange_order_id
        ]

    rig.play(scenario)


def test_f30_streams_come_back_after_the_network_was_lost() -> None:
    rig = Rig()

    async def scenario() -> None:
        rig.exchange.drop_connections()
        await rig.clock.sleep(1)
        links = [(r.link, r.up) for r in rig.reports if isinstance(r, LinkReport)]
        assert sorted(links[:2]) == [("private", True), ("public", True)]
        assert sorted(links[2:]) == [
            ("private", False),
            ("private", True),
            ("public", False),
            ("public", True),
        ]
        assert (await rig.router.place(_order("o-1", "50000"))).accepted
        await rig.clock.sleep(0.01)
        assert rig.order("o-1").status is VenueStatus.NEW

    rig.play(scenario)


def test_the_market_arrives_without_gaps() -> None:
    rig = Rig()

    async def scenario() -> None:
        await rig.clock.sleep(30)
        books = [update for update in rig.updates if isinstance(update, BookUpdate)]
        assert {update.symbol for update in books} == {
            "BTCUSDT",
            "ETHUSDT",
            "SOLUSDT",
            "BTC/USDT",
        }
        assert sum(update.snapshot for update in books) == 4

    rig.play(scenario)


def test_batches_place_amend_and_cancel_each_order_by_itself() -> None:
    rig = Rig()

    async def scenario() -> None:
        orders = [_order(f"b{n}", "30000.0") for n in range(3)] + [_order("b3", "30000.05")]
        placed = await rig.router.place_batch(orders)
        assert [response.outcome for response in placed] == [ACCEPTED] * 3 + [REJECTED]
        assert placed[3].reason == Reason.REQUEST
        amends = [
            AmendRequest(client_order_id=f"b{n}", symbol="BTCUSDT", price=Decimal("29000.0"))
            for n in (0, 1)
        ]
        amended = await rig.router.amend_batch(amends)
        assert [response.outcome for response in amended] == [ACCEPTED] * 2
        await rig.clock.sleep(0.001)
        assert [rig.order(f"b{n}").price for n in (0, 1)] == [Decimal("29000.0")] * 2
        cancels = [
            CancelRequest(client_order_id=order_id, symbol="BTCUSDT") for order_id in ("b0", "no")
        ]
        canceled = await rig.router.cancel_batch(cancels)
        assert [response.reason for response in canceled] == ["", Reason.NOT_FOUND]
        await rig.clock.sleep(0.001)
        assert rig.order("b0").status is VenueStatus.CANCELED
        assert rig.order("b1").status is VenueStatus.NEW

    rig.play(scenario)


def test_f13_orders_of_a_batch_that_the_venue_turns_away_are_sent_again_and_no_others() -> None:
    fault = {"kind": "item_refused", "on": "create-batch", "nth": [2, 5]}
    rig = Rig(faults=parse_plan([("the test", fault)]))

    async def scenario() -> None:
        orders = [_order(f"o-{number}", f"5000{number}") for number in range(5)]
        placed = await rig.router.place_batch(orders)
        assert [response.outcome for response in placed] == [Outcome.ACCEPTED] * 5
        await rig.clock.sleep(0.01)
        assert rig.exchange.faults_played["item_refused"] == 2
        assert sorted(o.link_id for o in rig.exchange.accounts["paper"].orders.values()) == [
            f"o-{number}" for number in range(5)
        ]
        attempts = [metrics.attempts for metrics in rig.router.get_metrics().values()]
        assert attempts == [1, 2, 1, 1, 2]

    rig.play(scenario)


def test_cancel_all_takes_what_its_scope_says_and_names_it() -> None:
    rig = Rig()

    async def scenario() -> None:
        for order_id, symbol in (("p", "BTCUSDT"), ("q", "ETHUSDT")):
            price = "30000.0" if symbol == "BTCUSDT" else "1000.00"
            await rig.router.place(_order(order_id, price, symbol=symbol, qty=Decimal("0.1")))
        one = MassCancelRequest(
            category=Category.LINEAR, symbol="BTCUSDT", settle="USDT", client_order_ids=("p",)
        )
        response = await rig.router.mass_cancel(one)
        assert response.accepted
        assert "p" in response.affected
        assert "q" not in response.affected
        everything = MassCancelRequest(category=Category.LINEAR, settle="USDT")
        assert "q" in (await rig.router.mass_cancel(everything)).affected
        await rig.clock.sleep(0.001)
        assert rig.order("q").status is VenueStatus.CANCELED

    rig.play(scenario)


def test_a_liquidation_price_is_the_same_on_the_stream_and_when_asked_for_beside_margin() -> None:
    rig = Rig()

    async def scenario() -> None:
        market = _order("m-1", None, type=OrderType.MARKET, qty=Decimal("50"))
        assert (await rig.router.place(market)).accepted
        await rig.clock.sleep(0.01)
        snapshot = await rig.router.snapshot(T0)
        (held,) = snapshot.positions
        assert held == next(r for r in reversed(rig.reports) if isinstance(r, PositionReport))
        assert held.leverage == 10
        assert held.liq_price is not None
        assert held.liq_price < Decimal(60_000)
        told = snapshot.wallet
        assert told is not None
        assert told.initial_margin == Decimal(20) * (told.maintenance_margin or 0) > 0
        assert told.equity == told.margin_balance is not None

    rig.play(scenario)


def test_leverage_and_position_mode_are_set_and_read() -> None:
    rig = Rig()

    async def scenario() -> None:
        five = SettingRequest(command_id="c1", symbol="BTCUSDT", leverage=Decimal(5))
        told = SettingsReport(
            markets=(MarketSettings("BTCUSDT", leverage=Decimal(5)),), asked_by="c1"
        )
        assert await rig.router.change_setting(five) == told
        assert await rig.router.change_setting(five) == told  # not modified is done
        too_much = SettingRequest(command_id="c2", symbol="BTCUSDT", leverage=Decimal(500))
        report = await rig.router.change_setting(too_much)
        assert (report.reason, report.markets) == (Reason.LIMITS, told.markets)
        assert (await rig.router.place(_order("o-1", "50000"))).accepted
        hedge = SettingRequest(command_id="c3", symbol="BTCUSDT", hedged=True)
        assert (await rig.router.change_setting(hedge)).reason == Reason.LIMITS  # has orders
        await rig.router.cancel(CancelRequest(client_order_id="o-1", symbol="BTCUSDT"))
        report = await rig.router.change_setting(hedge)
        assert (report.reason, [market.hedged for market in report.markets]) == ("", [True])
        assert await rig.client.settings(["BTCUSDT"]) == report.markets

    rig.play(scenario)


def test_both_sides_of_a_hedge_are_told_apart_wherever_they_are_shown() -> None:
    rig = Rig()

    async def scenario() -> None:
        hedge = SettingRequest(command_id="c1", symbol="BTCUSDT", hedged=True)
        await rig.router.change_setting(hedge)
        market = {"type": OrderType.MARKET, "qty": Decimal("0.500")}
        assert (await rig.router.place(_order("x", None, **market))).reason == Reason.REQUEST
        long = _order("long", None, position_index=1, **market)
        short = _order("short", None, position_index=2, side=Side.SELL, **market)
        assert (await rig.router.place(long)).accepted
        assert (await rig.router.place(short)).accepted
        await rig.clock.sleep(1)
        assert [rig.order(name).position_index for name in ("long", "short")] == [1, 2]
        expected = [(1, Decimal("0.500")), (2, Decimal("-0.500"))]
        told = [r for r in rig.reports if isinstance(r, PositionReport)]
        assert {r.position_index: r.qty for r in told} == dict(expected)
        snapshot = await rig.router.snapshot(T0)
        assert [(held.position_index, held.qty) for held in snapshot.positions] == expected

    rig.play(scenario)


def test_a_conditional_order_is_found_by_id_and_in_the_list_and_triggers() -> None:
    rig = Rig()

    async def scenario() -> None:
        waits = Trigger(Decimal(50_000), TriggerDirection.FALLS, TriggerBy.MARK)
        order = _order(
            "w-1", "49000", trigger=waits, attached=Attached(None, Exit(Decimal(48_000)))
        )
        assert (await rig.router.place(order)).accepted
        await rig.clock.sleep(0.01)
        row = rig.order("w-1")
        assert (row.status, row.trigger, row.attached) == (
            VenueStatus.UNTRIGGERED,
            waits,
            order.attached,
        )
        (shown,) = (await rig.router.snapshot(T0)).open_orders
        assert shown == row
        query = QueryOrder(client_order_id="w-1", symbol="BTCUSDT", conditional=True)
        lookup = await rig.router.lookup(query)
        assert lookup.order == row
        assert [read.source for read in lookup.reads] == ["waiting", "executions"]
        amend = AmendRequest(client_order_id="w-1", symbol="BTCUSDT", trigger_price=Decimal(49_500))
        assert (await rig.router.amend(amend)).accepted
        await rig.clock.sleep(0.01)
        assert rig.order("w-1").trigger == replace(waits, price=Decimal(49_500))

    rig.play(scenario)


def test_a_conditional_order_on_spot_waits_and_is_cancelled_as_such() -> None:
    rig = Rig()

    async def scenario() -> None:
        waits = Trigger(Decimal(90_000), TriggerDirection.RISES)
        order = _order("w-1", "90100", symbol="BTC/USDT", trigger=waits)
        assert (await rig.router.place(order)).accepted
        await rig.clock.sleep(0.01)
        row = rig.order("w-1")
        assert (row.status, row.trigger) == (VenueStatus.UNTRIGGERED, waits)
        plain = CancelRequest(client_order_id="w-1", symbol="BTC/USDT")
        assert (await rig.router.cancel(plain)).reason == Reason.NOT_FOUND
        assert (await rig.router.cancel(replace(plain, waiting=True))).accepted
        await rig.clock.sleep(0.01)
        assert rig.order("w-1").status is VenueStatus.CANCELED

    rig.play(scenario)


def test_orders_of_a_client_that_is_cut_off_are_cancelled_by_the_venue() -> None:
    rig = Rig(dcp=True)

    async def scenario() -> None:
        await rig.client.protect(Category.LINEAR, 10)
        assert await rig.client.protection_s(Category.LINEAR) == 10
        assert (await rig.router.place(_order("o-1", "50000"))).accepted
        await rig.clock.sleep(0.01)
        rig.exchange.drop_connections()
        await rig.clock.sleep(20)  # it was back in time
        assert rig.order("o-1").status is VenueStatus.NEW
        await rig.client.close()
        await rig.clock.sleep(10.1)
        lookup = await rig.client.lookup(QueryOrder(client_order_id="o-1", symbol="BTCUSDT"))
        assert lookup.order is not None
        assert (lookup.order.status, lookup.order.reason) == (
            VenueStatus.CANCELED,
            Reason.DISCONNECT,
        )

    rig.play(scenario)


ACCEPTED, REJECTED = Outcome.ACCEPTED, Outcome.REJECTED

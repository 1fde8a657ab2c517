"""The newest that the venue has said of margin is kept with its time, wherever it came from."""

from __future__ import annotations

from typing import Any

from engine.core.margin import AccountMargin, PositionMargin
from engine.core.reports import AccountSnapshot, PositionReport, Scope, WalletReport
from tests.support.desk import Desk, d

WALLET = WalletReport(
    equity=d(1_000), margin_balance=d(990), initial_margin=d(20), maintenance_margin=d(2)
)


def position(qty: str = "0.010", **more: Any) -> PositionReport:
    values: dict[str, Any] = {"leverage": d(10), "liq_price": d(50_000), **more}
    return PositionReport(symbol="BTCUSDT", qty=d(qty), avg_price=d(60_000), **values)


def snapshot(desk: Desk, *positions: PositionReport, **more: Any) -> AccountSnapshot:
    values: dict[str, Any] = {"sent_ts": desk.now_ns, "duration_s": 0.0, **more}
    return AccountSnapshot(open_orders=(), positions=positions, fills=(), **values)


def test_the_stream_tells_totals_and_positions_as_they_are_now() -> None:
    desk = Desk()
    assert desk.give(WALLET) == []
    totals = AccountMargin(
        equity=d(1_000),
        margin_balance=d(990),
        initial_margin=d(20),
        maintenance_margin=d(2),
        ts=desk.now_ns,
    )
    assert desk.state.margin == totals
    desk.later(1)
    desk.give(position())
    held = PositionMargin(qty=d("0.010"), leverage=d(10), liq_price=d(50_000), ts=desk.now_ns)
    assert desk.state.margin.positions == {"BTCUSDT": held}
    desk.give(WalletReport(equity=d(5)))
    assert desk.state.margin == AccountMargin(
        equity=d(5), ts=desk.now_ns, positions={"BTCUSDT": held}
    )
    desk.give(position("0"))
    assert desk.state.margin.positions == {}


def test_each_side_of_a_hedge_has_its_own() -> None:
    desk = Desk()
    desk.give(position(position_index=1))
    desk.give(position("-0.010", position_index=2, liq_price=None))
    assert {key: one.liq_price for key, one in desk.state.margin.positions.items()} == {
        "BTCUSDT#1": 50_000,
        "BTCUSDT#2": None,
    }


def test_a_snapshot_is_as_old_as_its_question_and_gives_way_to_what_was_heard_since() -> None:
    desk = Desk()
    asked = snapshot(desk, position(liq_price=d(1)), wallet=WalletReport(equity=d(1)))
    desk.give(asked)
    assert desk.state.margin.equity == 1
    assert desk.state.margin.ts == asked.sent_ts
    assert desk.state.margin.positions["BTCUSDT"].liq_price == 1
    desk.later(1)
    desk.give(WALLET)
    desk.give(position())
    desk.give(asked)
    assert desk.state.margin.equity == 1_000
    assert desk.state.margin.positions["BTCUSDT"].liq_price == 50_000


def test_a_snapshot_of_positions_forgets_those_that_it_does_not_show() -> None:
    desk = Desk()
    desk.give(position())
    desk.later(1)
    orders = frozenset({Scope.ORDERS})
    desk.give(snapshot(desk, scopes=orders))
    assert set(desk.state.margin.positions) == {"BTCUSDT"}
    desk.give(snapshot(desk, position("0", position_index=0)))
    assert desk.state.margin.positions == {}


def test_a_snapshot_that_is_not_whole_tells_nothing() -> None:
    desk = Desk()
    desk.give(snapshot(desk, position(), wallet=WALLET, complete=False))
    assert desk.state.margin == AccountMargin()

"""A session's documents: every key in its place, every number exact."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import msgspec

from engine.core.events import (
    CashBooked,
    CommandRefused,
    Drift,
    EngineStarted,
    Event,
    EventType,
    KillProgress,
    KillStarted,
    OrderDenied,
    OrderEvent,
    OrderSubmitted,
    Reconciled,
)
from engine.core.state import State, evolve
from engine.core.types import CashKind, KillLevel, Liquidity, OrderType, Side, TimeInForce
from engine.summary import (
    MarketSummary,
    RequestSummary,
    SessionSummary,
    create_summary,
    session_files,
    write_session,
)

T0 = 1_700_000_000_000_000_000
MS = 1_000_000
MARKET = MarketSummary(files=("btc.gz",), first_ts=T0, last_ts=T0 + 10**9, trades=3, book_updates=4)


def submitted(order_id: str, symbol: str, side: Side, **terms: object) -> OrderSubmitted:
    fields = {
        "ts": T0,
        "command_id": f"c-{order_id}",
        "client_order_id": order_id,
        "symbol": symbol,
        "side": side,
        "qty": Decimal("0.010"),
        "price": Decimal("60000.0"),
        **terms,
    }
    return msgspec.convert(fields, OrderSubmitted)


def acked(order_id: str, at: int) -> OrderEvent:
    return OrderEvent(
        EventType.ORDER_ACK, order_id, at, exchange_order_id=f"x-{order_id}", attempts=2
    )


def filled(
    order_id: str, exec_id: str, at: int, qty: str, price: str, fee: str, coin: str = "USDT"
) -> OrderEvent:
    return OrderEvent(
        EventType.PARTIAL_FILL,
        order_id,
        at,
        exec_id=exec_id,
        last_qty=Decimal(qty),
        last_price=Decimal(price),
        fee=Decimal(fee),
        fee_currency=coin,
        liquidity=Liquidity.TAKER,
    )


def state_of(*events: Event) -> State:
    state = State()
    evolve(state, EngineStarted(ts=T0, account="paper", venue="bybit", environment="paper"))
    for event in events:
        evolve(state, event)
    return state


def summary_of(state: State, marks: dict[str, Decimal] | None = None) -> SessionSummary:
    return create_summary(
        state,
        market=MARKET,
        requests={"place": RequestSummary(requests=2, retries=1)},
        marks=marks or {},
    )


def sum_up(state: State, marks: dict[str, Decimal] | None = None) -> dict[str, object]:
    summary = summary_of(state, marks)
    decoded: dict[str, object] = msgspec.json.decode(
        session_files(state, summary, "")["summary.json"]
    )
    return decoded


TRADED = (
    submitted("a1", "BTCUSDT", Side.BUY),
    acked("a1", T0 + 2 * MS),
    filled("a1", "e1", T0 + 4 * MS, "0.004", "60000.0", "0.132"),
    submitted("b1", "ETHUSDT", Side.SELL, qty="1", price=None, type="Market", time_in_force="IOC"),
    acked("b1", T0 + 5 * MS),
    filled("b1", "e2", T0 + 5 * MS, "1", "2700", "1.485"),
    filled("a1", "e3", T0 + 6 * MS, "0.006", "59999.0", "0.1979967"),
    Reconciled(ts=T0 + 7 * MS),
)


def test_the_summary_has_every_key_in_its_order_and_exact_numbers() -> None:
    marks = {"BTCUSDT": Decimal("60100"), "ETHUSDT": Decimal("2690.0")}
    document = sum_up(state_of(*TRADED), marks)
    assert list(document) == [
        "market", "orders", "fills", "positions", "totals", "reconciliation", "retries", "kill",
    ]  # fmt: skip
    assert document["market"] == {
        "files": ["btc.gz"],
        "first_ts": T0,
        "last_ts": T0 + 10**9,
        "trades": 3,
        "book_updates": 4,
    }
    assert document["totals"] == {
        "realized_pnl": "0",
        "unrealized_pnl": "11.0060",
        "fees": "1.8149967",
        "net_pnl": "9.1910033",
        "currency": "USDT",
    }
    assert document["reconciliation"] == {"status": "PASS", "drift": []}
    assert document["retries"] == {
        "place": {"requests": 2, "retries": 1},
        "cancel": {"requests": 0, "retries": 0},
        "amend": {"requests": 0, "retries": 0},
    }
    assert document["kill"] is None


def test_commands_that_came_to_nothing_are_told_where_there_are_any() -> None:
    refused = CommandRefused(
        ts=T0 + MS, command_id="c-1", command="CancelOrder", code="UNKNOWN_ORDER", text="zz"
    )
    document = sum_up(state_of(*TRADED, refused))
    assert document["refused"] == [
        {"ts": T0 + MS, "command": "CancelOrder", "code": "UNKNOWN_ORDER", "text": "zz"}
    ]
    assert "refused" not in sum_up(state_of(*TRADED))


def test_an_order_shows_its_terms_its_end_and_its_latencies() -> None:
    orders = sum_up(state_of(*TRADED))["orders"]
    assert isinstance(orders, list)
    assert list(orders[0].items()) == [
        ("client_order_id", "a1"),
        ("exchange_order_id", "x-a1"),
        ("symbol", "BTCUSDT"),
        ("side", "Buy"),
        ("type", "Limit"),
        ("time_in_force", "GTC"),
        ("post_only", False),
        ("reduce_only", False),
        ("qty", "0.010"),
        ("price", "60000.0"),
        ("state", "Filled"),
        ("cum_qty", "0.010"),
        ("leaves_qty", "0"),
        ("avg_price", "59999.4"),
        ("reason", ""),
        ("created_ts", T0),
        ("updated_ts", T0 + 6 * MS),
        ("attempts", 2),
        ("ack_latency_s", 0.002),
        ("fill_latency_s", 0.004),
    ]
    market = orders[1]
    assert (market["type"], market["price"], market["time_in_force"]) == ("Market", None, "IOC")


def test_fills_are_in_the_order_they_were_booked_over_all_symbols() -> None:
    fills = sum_up(state_of(*TRADED))["fills"]
    assert isinstance(fills, list)
    assert [fill["exec_id"] for fill in fills] == ["e1", "e2", "e3"]
    assert list(fills[0].items()) == [
        ("exec_id", "e1"),
        ("client_order_id", "a1"),
        ("symbol", "BTCUSDT"),
        ("side", "Buy"),
        ("qty", "0.004"),
        ("price", "60000.0"),
        ("fee", "0.132"),
        ("fee_currency", "USDT"),
        ("liquidity", "Taker"),
        ("ts", T0 + 4 * MS),
    ]


def test_an_unpriced_position_is_null_and_so_is_every_sum_it_is_part_of() -> None:
    document = sum_up(state_of(*TRADED), {"BTCUSDT": Decimal("60100")})
    positions, totals = document["positions"], document["totals"]
    assert isinstance(positions, list)
    assert isinstance(totals, dict)
    assert [(row["symbol"], row["unrealized_pnl"]) for row in positions] == [
        ("BTCUSDT", "1.0060"),
        ("ETHUSDT", None),
    ]
    assert (totals["unrealized_pnl"], totals["net_pnl"]) == (None, None)


def test_numbers_are_written_without_exponent() -> None:
    state = state_of(
        submitted("a1", "BTCUSDT", Side.BUY, qty="1E+2", price="1E-8"), Reconciled(ts=T0)
    )
    orders = sum_up(state)["orders"]
    assert isinstance(orders, list)
    assert (orders[0]["qty"], orders[0]["price"]) == ("100", "0.00000001")


def test_a_denied_order_is_there_with_its_reason_and_without_latency() -> None:
    denied = OrderDenied(
        ts=T0,
        command_id="c",
        client_order_id="d1",
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=Decimal("0.0101"),
        price=Decimal(60_000),
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        code="QTY_STEP",
        value="0.0101",
        limit="steps of 0.001",
    )
    orders = sum_up(state_of(denied))["orders"]
    assert isinstance(orders, list)
    assert (orders[0]["state"], orders[0]["reason"], orders[0]["ack_latency_s"]) == (
        "Denied",
        "QTY_STEP",
        None,
    )


def test_a_session_in_which_nothing_happened_is_complete_too() -> None:
    document = sum_up(state_of(Reconciled(ts=T0)))
    assert (document["orders"], document["fills"], document["positions"]) == ([], [], [])
    assert document["totals"] == {
        "realized_pnl": "0",
        "unrealized_pnl": "0",
        "fees": "0",
        "net_pnl": "0",
        "currency": "USDT",
    }


def test_reconciliation_fails_with_what_it_found() -> None:
    drift = Drift(symbol="BTCUSDT", ours=Decimal(1), venue=Decimal("0.5"), since_ts=T0)
    assert sum_up(state_of(Reconciled(ts=T0, drift=(drift,))))["reconciliation"] == {
        "status": "FAIL",
        "drift": [{"symbol": "BTCUSDT", "ours": "1", "venue": "0.5", "drift": "-0.5"}],
    }
    assert sum_up(state_of(Reconciled(ts=T0, external_orders=("z",))))["reconciliation"] == {
        "status": "FAIL",
        "drift": [],
        "external_orders": ["z"],
    }
    assert sum_up(state_of())["reconciliation"] == {
        "status": "FAIL",
        "drift": [],
        "error": "never compared",
    }


def test_a_kill_is_there_with_its_times_and_what_it_left() -> None:
    started = KillStarted(
        ts=T0, kill_id="k", level=KillLevel.KILL, blocked_at=T0 - 5, targets=("a1",)
    )
    assert sum_up(state_of(started))["kill"] == {
        "blocked_at": T0 - 5,
        "first_cancel_at": None,
        "verified_zero_at": None,
        "residual": [],
    }
    progress = KillProgress(
        ts=T0, kill_id="k", first_cancel_at=T0 + 1, verified_zero_at=T0 + 9, done=True
    )
    assert sum_up(state_of(started, progress))["kill"] == {
        "blocked_at": T0 - 5,
        "first_cancel_at": T0 + 1,
        "verified_zero_at": T0 + 9,
        "residual": [],
    }


def test_the_files_are_written_whole_and_the_same_state_gives_the_same_bytes(
    tmp_path: Path,
) -> None:
    state = state_of(*TRADED)
    summary = create_summary(state, market=MARKET, requests={}, marks={})
    files = session_files(state, summary, "# HELP x\n")
    assert files == session_files(state_of(*TRADED), summary, "# HELP x\n")
    asyncio.run(write_session(tmp_path, files))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "fsm_state.json",
        "live_execution_metrics.prom",
        "positions.json",
        "summary.json",
    ]
    assert all((tmp_path / name).read_bytes() == data for name, data in files.items())
    assert all(data.endswith(b"\n") for data in files.values())
    saved = msgspec.json.decode(files["fsm_state.json"])
    assert saved == state.orders.persist_to_dict()
    positions = msgspec.json.decode(files["positions.json"])
    assert positions == msgspec.json.decode(files["summary.json"])["positions"]


def test_a_session_passes_by_its_last_comparison() -> None:
    def passed(*events: Event) -> bool:
        return create_summary(state_of(*events), market=MARKET, requests={}, marks={}).passed

    assert passed(Reconciled(ts=T0))
    assert not passed(Reconciled(ts=T0), Reconciled(ts=T0 + 1, error="timeout"))


def test_funding_and_estimates_show_where_there_are_any() -> None:
    funding = CashBooked(
        ts=T0,
        cash_id="f1",
        currency="USDT",
        kind=CashKind.FUNDING,
        amount=Decimal("-0.5"),
        symbol="BTCUSDT",
    )
    corrected = OrderEvent(
        EventType.FILL_CORRECTED,
        "b1",
        T0,
        exec_id="e9",
        last_qty=Decimal(1),
        last_price=Decimal(2_700),
    )
    summary = summary_of(state_of(*TRADED, funding, corrected), {})
    assert [(row.funding, row.estimated) for row in summary.positions] == [
        (Decimal("-0.5"), False),
        (Decimal(0), True),
    ]
    assert (summary.totals.funding, summary.totals.estimated) == (Decimal("-0.5"), True)


def test_several_currencies_are_summed_in_dollars_and_one_without_a_price_is_no_zero() -> None:
    foreign = (*TRADED, filled("b1", "e4", T0 + 7 * MS, "1", "2700", "2", "MNT"))
    marks = {"BTCUSDT": Decimal(60_000), "ETHUSDT": Decimal(2_700)}
    totals = summary_of(state_of(*foreign), marks).totals
    assert (totals.currency, totals.fees, totals.net_pnl) == ("USDT", None, None)
    assert totals.realized_pnl == 0

"""The page that a session ends with."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.types import Liquidity, OrderState, OrderType, Side, TimeInForce
from engine.summary import MarketSummary, RequestSummary, SessionSummary, print_summary
from engine.summary.documents import (
    DriftSummary,
    FillSummary,
    KillSummary,
    OrderSummary,
    PositionSummary,
    ReconciliationSummary,
    RefusedSummary,
    TotalsSummary,
)

ORDER = OrderSummary(
    client_order_id="a1",
    exchange_order_id="x1",
    symbol="BTCUSDT",
    side=Side.BUY,
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.GTC,
    post_only=False,
    reduce_only=False,
    qty=Decimal("0.010"),
    price=Decimal("61800.0"),
    state=OrderState.FILLED,
    cum_qty=Decimal("0.010"),
    leaves_qty=Decimal(0),
    avg_price=Decimal("61799.33333333333333333333333"),
    reason="",
    created_ts=0,
    updated_ts=0,
    attempts=1,
    ack_latency_s=0.002,
    fill_latency_s=0.002,
)
SUMMARY = SessionSummary(
    market=MarketSummary(
        files=("btc.gz", "eth.gz"),
        first_ts=0,
        last_ts=345_000_000_000,
        trades=35_383,
        book_updates=12_791,
    ),
    orders=[
        ORDER,
        msgspec.structs.replace(
            ORDER, client_order_id="a2", price=None, state=OrderState.DENIED, reason="QTY_STEP"
        ),
    ],
    fills=[
        FillSummary(
            exec_id="e1",
            client_order_id="a1",
            symbol="BTCUSDT",
            side=Side.BUY,
            qty=Decimal("0.010"),
            price=Decimal("61799.5"),
            fee=Decimal("0.3399"),
            fee_currency="USDT",
            liquidity=Liquidity.TAKER,
            ts=0,
        )
    ],
    positions=[
        PositionSummary(
            symbol="BTCUSDT",
            qty=Decimal("0.010"),
            avg_entry_price=Decimal("61799.5"),
            realized_pnl=Decimal(0),
            unrealized_pnl=None,
            fees=Decimal("0.3399"),
            mark_price=None,
        )
    ],
    totals=TotalsSummary(
        realized_pnl=Decimal("1234.5"),
        unrealized_pnl=None,
        fees=Decimal("0.3399"),
        net_pnl=None,
        currency="USDT",
    ),
    reconciliation=ReconciliationSummary(status="PASS", drift=[]),
    retries={"place": RequestSummary(requests=2, retries=1), "cancel": RequestSummary()},
    kill=None,
)

PAGE = """\
market          btc.gz, eth.gz: 345.0 s, 35,383 trades, 12,791 book updates

orders          2: 1 Filled, 1 Denied
  ID  SYMBOL   SIDE  QTY    PRICE    STATE   FILLED  AVERAGE         REASON
  a1  BTCUSDT  Buy   0.010  61800.0  Filled  0.010   61799.33333333
  a2  BTCUSDT  Buy   0.010  market   Denied  0.010   61799.33333333  QTY_STEP

fills           1
  ORDER  SYMBOL   SIDE  QTY    PRICE    FEE           LIQUIDITY
  a1     BTCUSDT  Buy   0.010  61799.5  0.3399  USDT  Taker

positions       1
  SYMBOL   QTY    AVERAGE  MARK  REALIZED  UNREALIZED  FEES
  BTCUSDT  0.010  61799.5  -     0.0000    unpriced    0.3399

totals          realized 1,234.5000, unrealized unpriced, fees 0.3399, net unpriced USDT
requests        place 2 (+1 retries)
reconciliation  PASS"""


def test_the_page_says_what_happened_on_one_screen() -> None:
    assert print_summary(SUMMARY) == PAGE


def test_many_orders_stay_on_one_screen() -> None:
    many = msgspec.structs.replace(SUMMARY, orders=[ORDER] * 40)
    lines = print_summary(many).splitlines()
    assert "  and 25 more in summary.json" in lines
    assert len(lines) < 40


def test_one_order_too_many_is_shown_instead_of_counted() -> None:
    lines = print_summary(msgspec.structs.replace(SUMMARY, orders=[ORDER] * 16)).splitlines()
    table = lines[lines.index(next(line for line in lines if line.startswith("orders"))) + 2 :]
    assert table[15].split()[0] == table[0].split()[0]
    assert table[16] == ""


def test_an_empty_session_has_a_page_too() -> None:
    empty = msgspec.structs.replace(
        SUMMARY,
        market=msgspec.structs.replace(SUMMARY.market, files=()),
        orders=[],
        fills=[],
        positions=[],
        retries={},
    )
    lines = print_summary(empty).splitlines()
    assert lines[0].startswith("market          synthetic: 345.0 s")
    assert "orders          0" in lines
    assert "requests        none" in lines


def test_commands_that_came_to_nothing_stand_between_orders_and_fills() -> None:
    refused = RefusedSummary(
        ts=SUMMARY.market.first_ts + 1_500_000_000,
        command="CancelOrder",
        code="UNKNOWN_ORDER",
        text="zz",
    )
    lines = print_summary(msgspec.structs.replace(SUMMARY, refused=[refused])).splitlines()
    start = lines.index("refused         1")
    assert lines[start + 1 : start + 4] == [
        "  AT     COMMAND      CODE           WHY",
        "  1.500  CancelOrder  UNKNOWN_ORDER  zz",
        "",
    ]
    assert lines[start + 4].startswith("fills")


def test_a_kill_says_how_long_it_took_or_that_it_is_incomplete() -> None:
    def line(**changes: object) -> str:
        kill = KillSummary(
            blocked_at=10**9, first_cancel_at=None, verified_zero_at=None, residual=()
        )
        kill = msgspec.structs.replace(kill, **changes)
        lines = print_summary(msgspec.structs.replace(SUMMARY, kill=kill)).splitlines()
        return lines[-2]

    assert line(verified_zero_at=1_250_000_000) == (
        "kill            verified zero 0.250 s after the block"
    )
    assert line(residual=("a1", "a2")) == "kill            INCOMPLETE, left: a1, a2"
    assert line() == "kill            INCOMPLETE, left: not verified"


def test_a_failed_reconciliation_says_why() -> None:
    drift = DriftSummary(
        symbol="BTCUSDT", ours=Decimal(1), venue=Decimal("0.5"), drift=Decimal("-0.5")
    )
    failed = ReconciliationSummary(
        status="FAIL", drift=[drift], external_orders=("z",), error="timeout"
    )
    page = print_summary(msgspec.structs.replace(SUMMARY, reconciliation=failed))
    assert page.splitlines()[-1] == (
        "reconciliation  FAIL: BTCUSDT drifts by -0.5, external order z, timeout"
    )

"""Fills in, position and P&L out, run on the position tracker."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.core.instruments import Instrument
from engine.core.ledger.tracker import Position, create_tracker
from engine.core.reports import FillEvent
from engine.core.types import ZERO, Category, Side

EIGHT_DECIMALS = Decimal("0.000000005")
MARKETS = {
    "linear": ("BTCUSDT", "USDT", "USDT"),
    "inverse": ("BTCUSD", "USD", "BTC"),
    "spot": ("BTC/USDT", "USDT", "USDT"),
}
FIGURES: dict[str, Callable[[Position], Decimal | None]] = {
    "qty": lambda position: position.qty,
    "avg": lambda position: position.avg_entry_price,
    "realized": lambda position: position.realized_pnl,
    "fees": lambda position: position.fees,
    "net_realized": lambda position: position.realized_pnl - position.fees,
}


def market(kind: str) -> Instrument:
    symbol, quote, settle = MARKETS[kind]
    return Instrument(
        symbol=symbol,
        category=Category(kind),
        venue_symbol=symbol.replace("/", ""),
        base="BTC",
        quote=quote,
        settle=settle,
        tick_size=Decimal("0.1"),
        qty_step=Decimal("0.001"),
        min_qty=Decimal("0.001"),
        max_qty=Decimal(1_000_000),
        max_market_qty=Decimal(1_000_000),
        min_notional=Decimal(0),
    )


def fee_of(row: list[str], case: dict[str, Any], instrument: Instrument) -> tuple[Decimal, str]:
    """`10` is in settle currency, `0.001 BTC` says its own, `fee_rate` is of the value."""
    if len(row) > 3:
        amount, _, currency = row[3].partition(" ")
        return Decimal(amount), currency or instrument.settle
    value = Position(symbol="", category=instrument.category).value_at(
        Decimal(row[1]), Decimal(row[2])
    )
    return value * Decimal(case.get("fee_rate", "0")), instrument.settle


def close_to(ours: Decimal | None, expected: str | None) -> bool:
    """Equal to eight decimals; the average of a flat position is no number."""
    if expected is None or expected == "-":
        return ours is None
    return abs((ours or ZERO) - Decimal(expected)) <= EIGHT_DECIMALS


def test_fills_lead_to_the_expected_position_and_pnl(pnl_case: dict[str, Any]) -> None:
    instrument = market(pnl_case["kind"])
    tracker = create_tracker()
    tracker.set_instrument(instrument)
    for index, row in enumerate(pnl_case["fills"]):
        fee, currency = fee_of(row, pnl_case, instrument)
        fill = FillEvent(
            exec_id=f"e{index}",
            client_order_id="o1",
            symbol=instrument.symbol,
            side=Side(row[0]),
            qty=Decimal(row[1]),
            price=Decimal(row[2]),
            fee=fee,
            fee_currency=currency,
        )
        assert tracker.apply_fill(fill)
        position = tracker.get_position(instrument.symbol)
        for name, figure in FIGURES.items():
            if name in pnl_case:
                assert close_to(figure(position), pnl_case[name][index]), (name, index)
    position = tracker.get_position(instrument.symbol)
    if "realized_final" in pnl_case:
        assert close_to(position.realized_pnl, pnl_case["realized_final"])
    if "mark" in pnl_case:
        tracker.update_mark_price(instrument.symbol, pnl_case["mark"])
        assert close_to(position.unrealized_pnl, pnl_case["unrealized"])

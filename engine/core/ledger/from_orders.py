"""From the events of an order to the ledger: what they say of executions is booked there too.

The order and the ledger take the same evidence, each for itself; an exec id that is booked on one
order is never counted on another.
"""

from __future__ import annotations

from decimal import Decimal
from sys import intern

from msgspec.structs import replace

from engine.core.events import CashBooked, EventType, ExecutionQuarantined, OrderEvent
from engine.core.ledger.cash import CashLedger
from engine.core.ledger.tracker import LedgerAnomaly, PositionTracker
from engine.core.orders.history import Fill
from engine.core.orders.state import Order
from engine.core.plain import one_of
from engine.core.reports import FillEvent
from engine.core.types import ZERO, CashKind, ExecutionKind, Liquidity

# Looking a member up through its class takes 100 ns on Python 3.11; these are needed every fill.
TRADE = ExecutionKind.TRADE
TAKER = Liquidity.TAKER

FILLS = frozenset({EventType.PARTIAL_FILL, EventType.FULL_FILL})
BOOKED = FILLS | {
    EventType.STATUS_REPORT,
    EventType.FILL_BUSTED,
    EventType.FILL_CORRECTED,
}
"""Events that may change what the ledger holds of an order."""


def book_fill(positions: PositionTracker, event: OrderEvent, order: Order) -> None:
    """Book what one of `FILLS` says; `order` has taken it in already."""
    if event.exec_pnl is None:
        positions.book(fill_of(event, order))
    else:
        book_and_compare(positions, fill_of(event, order), event.exec_pnl)
    if order.inferred_qty or order.client_order_id in positions.inferring:
        positions.infer(inferred_of(order, event.ts))


def book_report(positions: PositionTracker, event: OrderEvent, order: Order) -> None:
    """Book what another of `BOOKED` says; `order` has taken it in already."""
    if event.exec_id:
        _amend(positions, event, order)
    if order.inferred_qty or order.client_order_id in positions.inferring:
        positions.infer(inferred_of(order, event.ts))


def book_and_compare(positions: PositionTracker, fill: FillEvent, stated: Decimal) -> None:
    """Book an execution of which the venue has `stated` what it realized."""
    symbol, index = fill.symbol, fill.position_index
    before = positions.get_position(symbol, index).realized_pnl
    if positions.book(fill):
        ours = positions.get_position(symbol, index).realized_pnl - before
        sums = positions.stated.get(symbol, (ZERO, ZERO))
        positions.stated[symbol] = (sums[0] + stated, sums[1] + ours)


def _amend(positions: PositionTracker, event: OrderEvent, order: Order) -> None:
    if event.type is EventType.FILL_BUSTED:
        positions.bust(event.exec_id, order.client_order_id)
    elif event.last_qty and event.last_price:
        unseen = fill_of(event, order)
        positions.correct(event.exec_id, event.last_qty, event.last_price, unseen=unseen)


def fill_of(
    event: OrderEvent,
    order: Order,
    execution: Fill | None = None,
    before: FillEvent | None = None,
) -> FillEvent:
    """The execution that a fill event carries, with its order's symbol and side.

    `execution` is what the order keeps of it, so that both keep the same numbers; one `before` it
    may have had the same fee.
    """
    told = execution or Fill(event.last_qty or ZERO, event.last_price or ZERO)
    theirs, ours = event.exchange_order_id, order.exchange_order_id
    if theirs == ours or not theirs:
        theirs = ours  # every execution of an order shares one
    fee = event.fee
    if fee and before is not None:
        fee = one_of(fee, before.fee)
    fill = FillEvent(
        exec_id=event.exec_id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        qty=told.qty,
        price=told.price,
        fee=fee or ZERO,
        fee_currency=intern(event.fee_currency),
        liquidity=event.liquidity or TAKER,
        ts=event.ts,
        exchange_order_id=theirs,
        exec_ts=event.exec_ts,
        seq=event.exec_seq,
        fee_assumed=fee is None,
    )
    if order.position_index or event.exec_kind is not TRADE:
        return replace(fill, position_index=order.position_index, kind=event.exec_kind)
    return fill


def inferred_of(order: Order, ts: int) -> FillEvent:
    """What status reports prove of an order beyond its executions, at the price they imply."""
    qty = order.inferred_qty
    price: Decimal | None = order.inferred_value / qty if qty else None
    if price is None or price <= ZERO:
        price = order.price or order.avg_price or ZERO
    return FillEvent(
        exec_id="",
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        qty=qty,
        price=price,
        fee_assumed=True,
        ts=ts,
        position_index=order.position_index,
    )


def book_cash(positions: PositionTracker, cash: CashLedger, event: CashBooked) -> None:
    """Book money that no execution moved; funding counts with its position, too."""
    if cash.book(event) and event.kind is CashKind.FUNDING and event.symbol:
        positions.add_funding(event.symbol, event.amount, event.currency)


def quarantine(positions: PositionTracker, cash: CashLedger, event: ExecutionQuarantined) -> None:
    """Count an execution that is not understood, once."""
    if cash.quarantine(event.exec_id):
        positions.anomalies[LedgerAnomaly.UNKNOWN_EXECUTION] += 1

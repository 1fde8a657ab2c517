"""What the venue's executions mean: trades for the ledger, cash for the cash ledger, or questions.

An execution is booked once, whatever state its order is in. One whose order nobody knows is booked
at once, in suspense, and the order is asked for; one of an unknown type is never booked.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from engine.core.context import Context
from engine.core.decide.recall import is_booked, recalling
from engine.core.events import (
    CashBooked,
    EventType,
    ExecutionQuarantined,
    OrderEvent,
    SuspenseBooked,
    TradingStateChanged,
)
from engine.core.orders.late_accept import late_accept
from engine.core.orders.machine import Order
from engine.core.reports import CashReport, FillEvent, UnknownExecution
from engine.core.requests import QueryAccount, QueryOrder, StartTimer, Step
from engine.core.state import State
from engine.core.types import ZERO, ExecutionKind, TradingState


def find_order(state: State, client_order_id: str, exchange_order_id: str) -> Order | None:
    """Our order by our id, else by the venue's; an adopted one may be named by the latter."""
    return state.orders.find(client_order_id, exchange_order_id)


@recalling
def decide_fill(state: State, fill: FillEvent, context: Context) -> Iterator[Step]:
    """Book an execution once, whatever state its order is in, or in suspense without one."""
    order = find_order(state, fill.client_order_id, fill.exchange_order_id)
    if order is None:
        if state.positions.execution(fill.exec_id) is not None:
            return
        yield SuspenseBooked(ts=context.now_ns, fill=replace(fill, ts=context.now_ns))
        yield from ask_for_order_of(state, fill.exec_id, context)
    elif is_booked(state, fill):
        return
    else:
        was_absent = order.is_reversible
        if _needs_more_qty(order, fill):
            yield OrderEvent(EventType.REPLACE_ACK, order.client_order_id, context.now_ns)
        yield _booked(order, fill, context)
        if was_absent:
            yield from late_accept(state, order, context)
    if fill.kind is ExecutionKind.LIQUIDATION:  # somebody else is closing this account's positions
        yield from halt(state, f"liquidation of {fill.symbol}", context)


def _needs_more_qty(order: Order, fill: FillEvent) -> bool:
    """True where only the quantity that an amend asks for has room: then it was carried out."""
    cum_qty = order.cum_qty + max(ZERO, fill.qty - order.inferred_qty)
    return order.pending_qty is not None and order.qty < cum_qty <= order.pending_qty


def _booked(order: Order, fill: FillEvent, context: Context) -> OrderEvent:
    whole = order.cum_qty + fill.qty >= order.qty
    return OrderEvent(
        EventType.FULL_FILL if whole else EventType.PARTIAL_FILL,
        order.client_order_id,
        context.now_ns,
        exchange_order_id=fill.exchange_order_id,
        exec_id=fill.exec_id,
        last_qty=fill.qty,
        last_price=fill.price,
        fee=None if fill.fee_assumed else fill.fee,
        fee_currency=fill.fee_currency,
        liquidity=fill.liquidity,
        exec_ts=fill.exec_ts,
        exec_seq=fill.seq,
        exec_kind=fill.kind,
        exec_pnl=fill.venue_pnl,
    )


def halt(state: State, reason: str, context: Context) -> Iterator[Step]:
    """Stop trading, once, for what the venue has told."""
    if state.trading is not TradingState.HALTED:
        yield TradingStateChanged(
            ts=context.now_ns, state=TradingState.HALTED, by="engine", reason=reason
        )


def decide_suspense(
    state: State, order: Order | None, exchange_order_id: str, context: Context
) -> Iterator[Step]:
    """Attach what is in suspense to the order it belongs to, now that the order is known."""
    if order is None or not state.positions.suspense:
        return
    for fill in list(state.positions.suspense.values()):
        named = fill.client_order_id == order.client_order_id
        if named or fill.exchange_order_id in (exchange_order_id or None, order.exchange_order_id):
            yield _booked(order, fill, context)


def ask_for_order_of(state: State, exec_id: str, context: Context) -> Iterator[Step]:
    """Ask for the order of an execution in suspense, a bounded number of times."""
    fill = state.positions.suspense.get(exec_id)
    pauses = context.policy.query_backoff_s
    tries = state.tries.pop(exec_id, 0)
    if fill is None or not (fill.client_order_id or fill.exchange_order_id):
        return
    yield QueryOrder(
        client_order_id=fill.client_order_id or fill.exchange_order_id,
        symbol=fill.symbol,
        exchange_order_id=fill.exchange_order_id,
    )
    if tries < len(pauses):
        state.tries[exec_id] = tries + 1
        yield StartTimer(kind="suspense", key=exec_id, after_s=pauses[tries])


def decide_cash(state: State, report: CashReport, context: Context) -> Iterator[Step]:
    """Book money that moved without a trade, once for each of the venue's ids."""
    if not state.cash.has(report.cash_id):
        yield CashBooked(
            ts=context.now_ns,
            cash_id=report.cash_id,
            currency=report.currency,
            kind=report.kind,
            amount=report.amount,
            symbol=report.symbol,
            text=report.text,
            venue_ts=report.ts,
        )


def decide_unknown_execution(
    state: State, report: UnknownExecution, context: Context
) -> Iterator[Step]:
    """Count what is not understood, once, and compare the account: it may have moved a position."""
    if not state.cash.is_quarantined(report.exec_id):
        yield ExecutionQuarantined(
            ts=context.now_ns,
            exec_id=report.exec_id,
            symbol=report.symbol,
            exec_type=report.exec_type,
        )
        yield QueryAccount()


def decide_other_execution(
    state: State, report: CashReport | UnknownExecution, context: Context
) -> Iterator[Step]:
    """Take an execution row that is no trade."""
    if isinstance(report, CashReport):
        return decide_cash(state, report, context)
    return decide_unknown_execution(state, report, context)

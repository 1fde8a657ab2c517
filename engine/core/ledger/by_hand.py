"""What a person's decision about a difference books, and what it leaves of the result."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from engine.core.events import DriftSettled, Reconciled
from engine.core.ledger.executions import split_key
from engine.core.reports import FillEvent
from engine.core.types import ZERO, DriftAction, DriftKind, Side


def adjustment_of(event: DriftSettled, price: Decimal) -> FillEvent:
    """The execution that makes the ledger equal to the venue: no order's, and without a fee."""
    symbol, index = split_key(event.symbol)
    return FillEvent(
        exec_id=event.exec_id,
        client_order_id="",
        symbol=symbol,
        position_index=index,
        side=Side.BUY if event.qty > ZERO else Side.SELL,
        qty=abs(event.qty),
        price=price,
        ts=event.ts,
    )


def without(found: Reconciled, event: DriftSettled) -> Reconciled:
    """The result less the difference that was decided about; an ignored one is explained now."""
    about = [drift for drift in found.drift if drift.symbol == event.symbol]
    ignored = tuple(
        replace(drift, kind=DriftKind.EXPLAINED, cause=f"ignored: {event.reason}")
        for drift in about
        if event.action is DriftAction.IGNORE
    )
    return replace(
        found,
        drift=tuple(drift for drift in found.drift if drift not in about),
        noted=found.noted + ignored,
    )

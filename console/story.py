"""The whole story of one order as plain lines: terms, state, timeline with latencies, fills."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from console import conditions
from console import format as fmt
from console.denial import explanation_lines
from console.glyphs import UNICODE, Glyphs
from console.views.states import LOOKS, label, why

if TYPE_CHECKING:
    from engine.core.instruments import Instrument
    from engine.core.orders.machine import Order
    from engine.core.risk import Explanation

NS = 1_000_000_000
PROOF_ROUND = "; round "
"""What parts the rounds of questions that prove an absence: each has a line of its own."""


def story(
    order: Order,
    instrument: Instrument | None,
    glyphs: Glyphs = UNICODE,
    explanation: Explanation | None = None,
) -> str:
    """Everything the console knows about an order. Times are UTC, the engine's."""
    blocks = (
        _terms(order, instrument),
        _state(order, instrument, glyphs),
        *([] if explanation is None else [explanation_lines(explanation)]),
        _latencies(order),
        _timeline(order, glyphs),
        _fills(order, instrument),
    )
    return "\n\n".join("\n".join(block) for block in blocks)


def _terms(order: Order, instrument: Instrument | None) -> Iterator[str]:
    tick, lot = _steps(instrument)
    price = "at market" if order.price is None else f"@ {fmt.exact(order.price, tick)}"
    flags = [word for word, holds in (("post-only", order.post_only),
                                      ("reduce-only", order.reduce_only)) if holds]  # fmt: skip
    yield "TERMS"
    yield (
        f"  {order.side.upper()} {fmt.exact(order.qty, lot)} {order.symbol} {price}  "
        f"{order.type} {order.time_in_force} {' '.join(flags)}".rstrip()
    )
    yield from (f"  {word}" for word in conditions.words(order))
    yield f"  our id    {order.client_order_id}"
    yield f"  venue id  {order.exchange_order_id or fmt.NONE}"
    yield f"  placed by {order.by}"


def _state(order: Order, instrument: Instrument | None, glyphs: Glyphs) -> Iterator[str]:
    tick, lot = _steps(instrument)
    yield "STATE"
    yield f"  {getattr(glyphs, LOOKS[order.state].glyph)} {label(order.state, glyphs)}"
    yield (
        f"  filled {fmt.exact(order.cum_qty, lot)}  left {fmt.exact(order.leaves_qty, lot)}  "
        f"average {fmt.rounded(order.avg_price, tick)}"
    )
    if order.overfill_qty:
        yield f"  OVERFILLED by {fmt.exact(order.overfill_qty, lot)}"
    if order.pending_replace:
        qty = order.qty if order.pending_qty is None else order.pending_qty
        price = order.price if order.pending_price is None else order.pending_price
        trigger = order.pending_trigger
        once = "" if trigger is None else f" once at {fmt.exact(trigger, tick)}"
        yield f"  asked to become {fmt.exact(qty, lot)} @ {fmt.exact(price, tick)}{once}"
    if order.reason or order.text:
        yield f"  {why(order.reason, order.text.split(PROOF_ROUND)[0])}"


def _latencies(order: Order) -> Iterator[str]:
    yield "ROUTE"
    yield f"  attempts    {order.attempts or fmt.NONE}"
    yield f"  to ack      {_since(order.created_ts, order.acked_ts)}"
    yield f"  to 1st fill {_since(order.created_ts, order.first_fill_ts)}"


def _timeline(order: Order, glyphs: Glyphs) -> Iterator[str]:
    yield "TIMELINE"
    before = order.created_ts
    for entry in order.history:
        gap = f"+{fmt.millis((entry.ts - before) / NS)} ms"
        before = entry.ts
        told, *rounds = entry.text.replace("->", glyphs.arrow).split(PROOF_ROUND)
        yield (
            f"  {fmt.clock_ms(entry.ts)} {gap:>14}  {entry.type:<15} "
            f"{label(entry.state, glyphs):<10} {told}"
        ).rstrip()
        yield from (f"      round {text}" for text in rounds)


def _fills(order: Order, instrument: Instrument | None) -> Iterator[str]:
    tick, lot = _steps(instrument)
    yield f"FILLS {len(order.fills)}"
    for exec_id, fill in order.fills.items():
        amended = "  amended by the venue" if fill.amended else ""
        qty, price = fmt.exact(fill.qty, lot), fmt.exact(fill.price, tick)
        yield f"  {qty:>14} @ {price:<14} {exec_id}{amended}"


def _steps(instrument: Instrument | None) -> tuple[Decimal | None, Decimal | None]:
    return (None, None) if instrument is None else (instrument.tick_size, instrument.qty_step)


def _since(start_ts: int, end_ts: int) -> str:
    return f"{fmt.millis((end_ts - start_ts) / NS)} ms" if end_ts else fmt.NONE

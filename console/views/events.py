"""Events view: one plain line an event. What each kind says is a table, not a chain of ifs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from console import format as fmt
from console.conditions import words as seldom
from console.glyphs import UNICODE, Glyphs
from console.replica import LogEntry, Replica
from console.views.cells import Cell, Column, Row
from console.views.states import LOOKS, label, why
from engine.core.events import (
    CashBooked,
    CommandRefused,
    ConnectivityChanged,
    DriftSettled,
    EngineStarted,
    EventType,
    ExecutionQuarantined,
    InstrumentsChanged,
    KeyNoted,
    KillProgress,
    KillStarted,
    LimitsChanged,
    LimitsPending,
    OrderAdopted,
    OrderDenied,
    OrderEvent,
    OrderRecalled,
    OrderSubmitted,
    PnlBaseline,
    PnlMarked,
    Reconciled,
    SettingAsked,
    SettingsChanged,
    SuspenseBooked,
    TradingStateChanged,
)
from engine.core.types import NOT_ARRIVED, RECOVERED, VENUE, ExecutionKind, TradingState

COLUMNS = (
    Column("time", "TIME", 12, cut=True),
    Column("subject", "SUBJECT", 12, tail=True),
    Column("change", "CHANGE", 17),
    Column("text", "WHAT HAPPENED", 40, stretch=True),
)

SHRINK = (("subject", 9), ("time", 8), ("change", 9), ("text", 10))


class EventsView(msgspec.Struct, kw_only=True):
    """The newest events, oldest first, shared with the replica."""

    log: Sequence[LogEntry]
    stale: bool = False
    glyphs: Glyphs = UNICODE


class Told(NamedTuple):
    """An event in words: what it is about, what it says, what it means."""

    subject: str
    text: str
    style: str = "text"


def view(replica: Replica, glyphs: Glyphs, *, stale: bool) -> EventsView:
    """What the event list needs for this frame."""
    return EventsView(log=replica.log, stale=stale, glyphs=glyphs)


def row(entry: LogEntry, glyphs: Glyphs) -> Row:
    """One event as cells, in the order of `COLUMNS`."""
    told = describe(entry.event)
    return (
        Cell(fmt.clock_ms(entry.event.ts), "muted"),
        Cell(told.subject, "text"),
        Cell(change_text(entry, glyphs), LOOKS[entry.after].style if entry.after else "muted"),
        Cell(told.text, told.style),
    )


def change_text(entry: LogEntry, glyphs: Glyphs) -> str:
    """`ACKED→PARTIAL`, or the state alone where it did not change."""
    if not entry.after:
        return ""
    if not entry.before or entry.before == entry.after:
        return label(entry.after, glyphs)
    return label(entry.before, glyphs) + glyphs.arrow + label(entry.after, glyphs)


def describe(event: Any) -> Told:
    """What an event says, in one line of plain text."""
    return _TELLERS[type(event)](event)


def _terms(event: OrderSubmitted | OrderDenied | OrderAdopted) -> str:
    price = "market" if event.price is None else fmt.exact(event.price)
    flags = [str(event.time_in_force)] if event.time_in_force != "GTC" else []
    flags += [
        word
        for word, holds in (("post-only", event.post_only), ("reduce-only", event.reduce_only))
        if holds
    ]
    words = [str(event.side), fmt.exact(event.qty), event.symbol, "@", price, *flags]
    return " ".join((*words, *seldom(event)))


def _submitted(event: OrderSubmitted) -> Told:
    return Told(event.client_order_id, f"{_terms(event)} by {event.by}")


def _denied(event: OrderDenied) -> Told:
    limit = f" (limit {event.limit})" if event.limit else ""
    passes = f", would pass {event.passes}" if event.passes else ""
    why_not = fmt.separated(f"{event.value}{limit}{passes}")
    text = f"denied {event.code}: {why_not} {_terms(event)}"
    return Told(event.client_order_id, text, "bad")


def _adopted(event: OrderAdopted) -> Told:
    if event.by == RECOVERED:
        text = f"ours, and in no journal: {_terms(event)}"
        return Told(event.client_order_id, text, "bad")
    if event.by.startswith(VENUE):
        return Told(event.client_order_id, f"made by the {event.by}: {_terms(event)}", "text")
    return Told(event.client_order_id, f"found at the venue, external: {_terms(event)}", "warn")


def _fill(event: OrderEvent) -> str:
    fee = f" fee {fmt.exact(event.fee)} {event.fee_currency}" if event.fee is not None else ""
    maker = f" {event.liquidity}" if event.liquidity else ""
    at = f"{fmt.exact(event.last_qty)}@{fmt.exact(event.last_price)}"
    kind = "" if event.exec_kind is ExecutionKind.TRADE else f" {event.exec_kind}"
    return f"{at} exec {fmt.clip(event.exec_id, 10)}{kind}{maker}{fee}"


def _wanted(event: OrderEvent) -> str:
    wanted = (("qty", event.qty), ("price", event.price), ("trigger", event.trigger_price))
    return " ".join(f"{name} {fmt.exact(value)}" for name, value in wanted if value is not None)


def _why(event: OrderEvent) -> str:
    return why(event.reason, event.text)


def _reported(event: OrderEvent) -> str:
    return f"venue says {event.status} filled {fmt.exact(event.cum_qty)}"


def _acked(event: OrderEvent) -> str:
    tries = f" after {event.attempts} attempts" if event.attempts > 1 else ""
    return f"acknowledged as {fmt.clip(event.exchange_order_id, 13)}{tries}"


_ORDER_WORDS: dict[EventType, tuple[str, Callable[[OrderEvent], str], str]] = {
    EventType.ORDER_SENT: ("sent", _why, "text"),
    EventType.SEND_UNKNOWN: ("no answer: asking the venue", _why, "warn"),
    EventType.ORDER_ACK: ("", _acked, "text"),
    EventType.ORDER_REJECT: ("rejected by the venue", _why, "bad"),
    EventType.ORDER_DENIED: ("denied", _why, "bad"),
    EventType.PARTIAL_FILL: ("filled", _fill, "value"),
    EventType.FULL_FILL: ("filled", _fill, "value"),
    EventType.CANCEL_REQUEST: ("cancel asked for", _why, "text"),
    EventType.CANCEL_ACK: ("canceled", _why, "text"),
    EventType.CANCEL_REJECT: ("cancel refused", _why, "warn"),
    EventType.REPLACE_REQUEST: ("amend asked for", _wanted, "text"),
    EventType.REPLACE_ACK: ("amended", _wanted, "text"),
    EventType.REPLACE_REJECT: ("amend refused", _why, "warn"),
    EventType.RESTATED: ("restated by the venue", _wanted, "warn"),
    EventType.EXPIRED: ("expired", _why, "text"),
    EventType.SUSPENDED: ("suspended", _why, "warn"),
    EventType.RESUMED: ("resumed", _why, "text"),
    EventType.UNTRIGGERED: ("waits for its trigger", _why, "text"),
    EventType.TRIGGERED: ("triggered", _why, "text"),
    EventType.STATUS_REPORT: ("", _reported, "muted"),
    EventType.PROVEN_ABSENT: ("proven not to exist at the venue", _why, "warn"),
    EventType.FILL_BUSTED: ("fill busted", _fill, "bad"),
    EventType.FILL_CORRECTED: ("fill corrected", _fill, "warn"),
}


NOT_REFUSED = {
    EventType.CANCEL_REJECT: "cancel did not arrive",
    EventType.REPLACE_REJECT: "amend did not arrive",
}
"""What the events of a refusal say where nobody refused, and nothing of it is at the venue."""


def _order(event: OrderEvent) -> Told:
    words, detail, style = _ORDER_WORDS[event.type]
    if event.reason == NOT_ARRIVED:
        return Told(event.client_order_id, f"{NOT_REFUSED[event.type]}: {event.text}", style)
    text = " ".join(part for part in (words, detail(event)) if part)
    return Told(event.client_order_id, text, style)


def _suspended(event: SuspenseBooked) -> Told:
    fill = event.fill
    kind = "" if fill.kind is ExecutionKind.TRADE else f"{fill.kind} "
    what = f"{fill.side} {fmt.exact(fill.qty)}@{fmt.exact(fill.price)} {fill.symbol}"
    exec_id = fmt.clip(fill.exec_id, 10)
    return Told("suspense", f"{kind}{what} exec {exec_id} of an unknown order", "bad")


def _cash(event: CashBooked) -> Told:
    about = " ".join(part for part in (event.symbol, event.text) if part)
    amount = f"{fmt.signed_exact(event.amount)} {event.currency}"
    return Told("cash", f"{event.kind} {amount} {about}".rstrip(), "value")


def _quarantined(event: ExecutionQuarantined) -> Told:
    text = f"execution {fmt.clip(event.exec_id, 10)} of unknown type {event.exec_type}: not booked"
    return Told(event.symbol, text, "bad")


def _baseline(event: PnlBaseline) -> Told:
    count = len(event.balances)
    text = f"compared with the venue from now on ({count} coin{'' if count == 1 else 's'})"
    return Told("P&L", text, "muted")


def _refused(event: CommandRefused) -> Told:
    subject = event.client_order_id or "command"
    return Told(subject, f"{event.command} refused: {event.code} {event.text}".rstrip(), "bad")


def _recalled(event: OrderRecalled) -> Told:
    if event.order is None:
        return Told(event.client_order_id, f"not read back from the journal: {event.error}", "bad")
    return Told(event.client_order_id, "read back from the journal", "muted")


_TRADING_STYLES = {
    TradingState.ACTIVE: "good",
    TradingState.REDUCING: "warn",
    TradingState.HALTED: "halted",
}


def _trading(event: TradingStateChanged) -> Told:
    why = f": {event.reason}" if event.reason else ""
    return Told(
        event.symbol or "trading", f"{event.state} by {event.by}{why}", _TRADING_STYLES[event.state]
    )


def _limits(event: LimitsChanged) -> Told:
    style = "bad" if event.loosened else "warn"
    return Told("limits", f"changed by {event.by}{f': {event.text}' if event.text else ''}", style)


def _limits_pending(event: LimitsPending) -> Told:
    return Told("limits", f"{event.text} by {event.by}", "warn")


def _pnl(event: PnlMarked) -> Told:
    text = f"losses count from {event.start:f} today, from a peak of {event.peak:f}"
    return Told("limits", text, "muted")


def _kill(event: KillStarted) -> Told:
    count = len(event.targets)
    text = f"{event.level} by {event.by}: cancels {count} order{'' if count == 1 else 's'}"
    return Told("kill", text, "halted")


def _kill_progress(event: KillProgress) -> Told:
    if event.verified_zero_at:
        return Told("kill", "verified: the venue shows zero open orders", "good")
    left = fmt.clip(" ".join(event.residual), 60)
    if event.done:
        return Told("kill", f"INCOMPLETE: {len(event.residual)} left {left}", "bad")
    return Told("kill", f"{len(event.residual)} left {left}", "warn")


def _reconciled(event: Reconciled) -> Told:
    if event.error:
        return Told("reconcile", f"failed: {event.error}", "bad")
    drift = " ".join(f"{d.symbol} {fmt.signed_exact(d.qty)}" for d in event.drift)
    external = f", {len(event.external_orders)} external" if event.external_orders else ""
    took = f" in {fmt.millis(event.duration_s)} ms"
    text = f"{event.open_orders} open orders{external}{took}"
    if event.alarms:
        return Told("reconcile", f"for you to look at: {'; '.join(event.alarms)}", "bad")
    if drift:
        return Told("reconcile", f"drift {drift}; {text}", "bad")
    return Told("reconcile", f"no drift; {text}", "good")


def _settled(event: DriftSettled) -> Told:
    booked = f" at {fmt.exact(event.price)}" if event.price is not None else ""
    until = f" until {fmt.clock(event.until_ts)}" if event.until_ts else ""
    what = f"{event.action} {fmt.signed_exact(event.qty)} {event.symbol}{booked}{until}"
    return Told("drift", f"{what} by {event.by}: {event.reason}", "warn")


def _setting_asked(event: SettingAsked) -> Told:
    wanted = f"leverage {event.leverage}" if event.leverage is not None else "one-way mode"
    wanted = "hedge mode" if event.hedged else wanted
    return Told(event.symbol, f"{wanted} asked for by {event.by}", "warn")


def _settings(event: SettingsChanged) -> Told:
    told = (f"{m.symbol} {m.leverage or '?'}x{' hedge' if m.hedged else ''}" for m in event.markets)
    return Told("settings", f"at the venue: {', '.join(told)}", "text")


def _link(event: ConnectivityChanged) -> Told:
    why = f": {event.text}" if event.text else ""
    word, style = ("up", "good") if event.up else ("down", "bad")
    return Told("link", f"{event.link} stream {word}{why}", style)


def _started(event: EngineStarted) -> Told:
    text = f"run {event.run} of {event.account} on {event.venue} {event.environment}"
    return Told("engine", text, "value")


def _instruments(event: InstrumentsChanged) -> Told:
    return Told("engine", f"{len(event.instruments)} instruments", "muted")


def _key(event: KeyNoted) -> Told:
    return Told("key", "; ".join(event.warnings), "warn")


_TELLERS: Mapping[type, Callable[[Any], Told]] = {
    OrderSubmitted: _submitted,
    OrderDenied: _denied,
    OrderAdopted: _adopted,
    OrderEvent: _order,
    OrderRecalled: _recalled,
    SuspenseBooked: _suspended,
    CashBooked: _cash,
    ExecutionQuarantined: _quarantined,
    PnlBaseline: _baseline,
    CommandRefused: _refused,
    TradingStateChanged: _trading,
    LimitsChanged: _limits,
    LimitsPending: _limits_pending,
    PnlMarked: _pnl,
    KillStarted: _kill,
    KillProgress: _kill_progress,
    Reconciled: _reconciled,
    DriftSettled: _settled,
    SettingAsked: _setting_asked,
    SettingsChanged: _settings,
    ConnectivityChanged: _link,
    EngineStarted: _started,
    InstrumentsChanged: _instruments,
    KeyNoted: _key,
}

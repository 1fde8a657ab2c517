"""A link with a fixed market and a small scripted engine behind it: no thread, no chance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal as D

from engine.core import events as ev
from engine.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    PlaceOrder,
    Reconcile,
    Release,
)
from engine.core.events import EventType as E
from engine.core.instruments import Instrument
from engine.core.market import Level, Quote
from engine.core.orders.machine import Order
from engine.core.state import State, evolve
from engine.core.status import (
    BookView,
    EngineStatus,
    Envelope,
    LinkUpdate,
    ReconcileStatus,
    ReplayStatus,
    RequestStats,
)
from engine.core.types import (
    Category,
    KillLevel,
    Liquidity,
    OrderType,
    Side,
    TimeInForce,
    TradingState,
)

NS = 1_000_000_000
NOW = 1_767_621_802_442_000_000  # 2026-01-05 14:03:22.442 UTC
BUY, SELL = Side.BUY, Side.SELL


def instrument(symbol: str, base: str, tick: str, lot: str) -> Instrument:
    """A linear perpetual."""
    return Instrument(
        symbol=symbol, category=Category.LINEAR, venue_symbol=symbol, base=base, quote="USDT",
        settle="USDT", tick_size=D(tick), qty_step=D(lot), min_qty=D(lot), max_qty=D(1000),
        max_market_qty=D(100), min_notional=D(5),
    )  # fmt: skip


BTC = instrument("BTCUSDT", "BTC", "0.10", "0.001")
ETH = instrument("ETHUSDT", "ETH", "0.01", "0.01")
SOL = instrument("SOLUSDT", "SOL", "0.01", "0.1")
MARKS = {"BTCUSDT": D("61000.0"), "ETHUSDT": D("2700.00"), "SOLUSDT": D("150.00")}


def quote(market: Instrument) -> Quote:
    """One tick around the mark."""
    mark, tick = MARKS[market.symbol], market.tick_size
    bid, ask = mark - tick, mark + tick
    return Quote(symbol=market.symbol, bid=bid, ask=ask, mark=mark, last=mark, ts=NOW)


def book(market: Instrument, depth: int = 25) -> BookView:
    """Levels every tick, bigger further out."""
    mark, tick = MARKS[market.symbol], market.tick_size

    def side(sign: int) -> tuple[Level, ...]:
        return tuple((mark + sign * n * tick, D("0.5") + D(n) / 10) for n in range(1, depth + 1))

    return BookView(symbol=market.symbol, bids=side(-1), asks=side(1), ts=NOW)


def status(**changes: object) -> EngineStatus:
    """A healthy engine."""
    values: dict[str, object] = {
        "ts": NOW,
        "ready": True,
        "private_up": True,
        "public_up": True,
        "events": 1234,
        "requests": (
            RequestStats(kind="place", count=812, p50_s=0.0041, p99_s=0.0193, max_s=0.088,
                         retries=3, timeouts=1),
            RequestStats(kind="cancel", count=640, p50_s=0.0039, p99_s=0.015, max_s=0.0612),
            RequestStats(kind="amend", count=12, p50_s=0.004, p99_s=0.01, max_s=0.02),
        ),
        "reconcile": ReconcileStatus(
            last_ok_ts=NOW - 4 * NS, duration_s=0.012, orders_ok=True, positions_ok=True,
            fills_ok=True,
        ),
    }  # fmt: skip
    return EngineStatus(**(values | changes))  # type: ignore[arg-type]


def replaying(**changes: object) -> EngineStatus:
    """A recorded market, a third of the way through."""
    replay = ReplayStatus(first_ts=NOW - 100 * NS, last_ts=NOW + 200 * NS, now_ts=NOW, speed="1")
    return status(mode="REPLAY", replay=replay, **changes)


def order_events(
    order_id: str, market: Instrument, side: Side, qty: str, price: str | None, age_s: float,
    then: Iterable[ev.OrderEvent] = (), *, acked: bool = True, reduce_only: bool = False,
) -> list[ev.Event]:  # fmt: skip
    """An order placed `age_s` ago, acknowledged 4 ms later, and what happened then."""
    ts = NOW - round(age_s * NS)
    events: list[ev.Event] = [
        ev.OrderSubmitted(
            ts=ts, command_id=f"cmd-{order_id}", client_order_id=order_id, symbol=market.symbol,
            side=side, qty=D(qty), price=None if price is None else D(price),
            type=OrderType.MARKET if price is None else OrderType.LIMIT,
            time_in_force=TimeInForce.IOC if price is None else TimeInForce.GTC,
            reduce_only=reduce_only,
        )
    ]  # fmt: skip
    if acked:
        events.append(
            ev.OrderEvent(E.ORDER_ACK, order_id, ts + 4_100_000, f"x-{order_id}", attempts=1)
        )
    return [*events, *then]


def fill(
    order_id: str, exec_id: str, qty: str, price: str, age_s: float, *, full: bool = False
) -> ev.OrderEvent:
    """One execution, `age_s` ago."""
    return ev.OrderEvent(
        E.FULL_FILL if full else E.PARTIAL_FILL, order_id, NOW - round(age_s * NS), exec_id=exec_id,
        last_qty=D(qty), last_price=D(price), fee=D("0.5"), fee_currency="USDT",
        liquidity=Liquidity.MAKER,
    )  # fmt: skip


def happened(order_id: str, type: E, age_s: float, **fields: object) -> ev.OrderEvent:
    """Any other event of an order."""
    return ev.OrderEvent(type, order_id, NOW - round(age_s * NS), **fields)  # type: ignore[arg-type]


def history() -> list[ev.Event]:
    """A busy minute: every look an order can have, two positions, one denial."""
    return [
        ev.EngineStarted(ts=NOW - 90 * NS, account="paper", venue="bybit", environment="local"),
        ev.InstrumentsChanged(ts=NOW - 90 * NS, instruments=(BTC, ETH, SOL)),
        ev.ConnectivityChanged(ts=NOW - 89 * NS, link="private", up=True),
        ev.Reconciled(ts=NOW - 89 * NS, duration_s=0.012),
        *order_events("c-001", BTC, BUY, "0.700", "60900.0", 80,
                      [fill("c-001", "e-1", "0.700", "60900.0", 79, full=True)]),
        *order_events("c-002", ETH, SELL, "2.00", "2712.00", 70,
                      [fill("c-002", "e-2", "2.00", "2712.00", 69, full=True)]),
        *order_events("c-003", BTC, BUY, "0.500", "60999.0", 12,
                      [fill("c-003", "e-3", "0.200", "60999.0", 8)]),
        *order_events("c-004", ETH, SELL, "2.00", "2710.20", 9),
        *order_events("c-005", SOL, BUY, "10.0", "149.90", 8,
                      [happened("c-005", E.CANCEL_REQUEST, 1)]),
        *order_events("c-006", BTC, SELL, "0.010", "61100.0", 7,
                      [happened("c-006", E.SEND_UNKNOWN, 5, text="timeout")], acked=False),
        *order_events("c-007", SOL, SELL, "5.0", "151.00", 6,
                      [happened("c-007", E.ORDER_REJECT, 5.9, reason="POST_ONLY",
                                text="would take [/b] \\[red]")], acked=False),
        *order_events("c-008", ETH, BUY, "1.00", "2650.00", 5,
                      [happened("c-008", E.CANCEL_REQUEST, 4),
                       happened("c-008", E.CANCEL_ACK, 3.9)]),
        ev.OrderDenied(ts=NOW - 4 * NS, command_id="cmd-9", client_order_id="c-009",
                       symbol="BTCUSDT", side=BUY, qty=D("900"), price=D("61000.0"),
                       code="MAX_ORDER_NOTIONAL", value="54900000", limit="1000000"),
        *order_events("c-010", BTC, SELL, "0.700", "62500.0", 3, reduce_only=True),
        *order_events("c-011", SOL, BUY, "20.0", "148.00", 1, acked=False),
    ]  # fmt: skip


@dataclass
class FakeLink:
    """Delivers what is pushed, keeps what is submitted, answers commands when `respond` is on."""

    respond: bool = True
    now: int = NOW
    commands: list[Command] = field(default_factory=list)
    kills: list[tuple[KillLevel, str, str]] = field(default_factory=list)
    watched: frozenset[str] = frozenset()
    paused: bool | None = None
    state: State = field(default_factory=State)
    update: LinkUpdate = field(default_factory=LinkUpdate)

    def push(self, *events: ev.Event) -> None:
        """Have these events in the next poll."""
        for event in events:
            evolve(self.state, event)
            self.update.events.append(Envelope(self.state.seq, event))

    def tell(self, new: EngineStatus) -> None:
        """Have this status in the next poll."""
        self.update.status = new

    def poll(self) -> LinkUpdate:
        update, self.update = self.update, LinkUpdate()
        return update

    def watch(self, symbols: frozenset[str]) -> None:
        self.watched = symbols
        self.update.books |= {m.symbol: book(m) for m in (BTC, ETH, SOL) if m.symbol in symbols}

    def pause_replay(self, paused: bool) -> None:
        self.paused = paused

    def kill(self, level: KillLevel, by: str = "operator", reason: str = "") -> None:
        self.kills.append((level, by, reason))
        if not self.respond:
            return
        if self.state.trading is not TradingState.HALTED:
            halted = TradingState.HALTED
            self.push(ev.TradingStateChanged(ts=self.now, state=halted, by=by, reason=reason))
        if level is not KillLevel.HALT:
            targets = tuple(o.client_order_id for o in self.state.orders.open_orders())
            self.push(ev.KillStarted(ts=self.now, kill_id=f"k{len(self.kills)}", level=level,
                                     blocked_at=self.now, targets=targets, by=by))  # fmt: skip

    def submit(self, command: Command) -> None:
        self.commands.append(command)
        if self.respond:
            self.push(*self._answer(command))

    def _answer(self, command: Command) -> list[ev.Event]:
        if isinstance(command, PlaceOrder):
            return [
                ev.OrderSubmitted(
                    ts=self.now, command_id=command.command_id,
                    client_order_id=command.client_order_id, symbol=command.symbol,
                    side=command.side, qty=command.qty, price=command.price, type=command.type,
                    time_in_force=command.time_in_force, post_only=command.post_only,
                    reduce_only=command.reduce_only, by=command.by,
                ),
                self._happened(command.client_order_id, E.ORDER_ACK),
            ]  # fmt: skip
        if isinstance(command, CancelOrder):
            return self._cancelled(command.client_order_id)
        if isinstance(command, CancelAll):
            ids = command.client_order_ids or ()
            return [event for order_id in ids for event in self._cancelled(order_id)]
        if isinstance(command, AmendOrder):
            change = {"qty": command.qty, "price": command.price}
            return [
                self._happened(command.client_order_id, E.REPLACE_REQUEST, **change),
                self._happened(command.client_order_id, E.REPLACE_ACK, **change),
            ]
        if isinstance(command, Release):
            return [
                ev.TradingStateChanged(
                    ts=self.now, state=TradingState.ACTIVE, by=command.by, reason=command.reason
                )
            ]
        if isinstance(command, Reconcile):
            return [ev.Reconciled(ts=self.now)]
        return []

    def _cancelled(self, order_id: str) -> list[ev.Event]:
        return [self._happened(order_id, E.CANCEL_REQUEST), self._happened(order_id, E.CANCEL_ACK)]

    def _happened(self, order_id: str, type: E, **fields: object) -> ev.OrderEvent:
        return ev.OrderEvent(type, order_id, self.now, **fields)  # type: ignore[arg-type]

    def order(self, order_id: str) -> Order:
        """The engine's own idea of an order."""
        return self.state.orders.orders[order_id]


def busy_link(*, respond: bool = True) -> FakeLink:
    """A link with everything a first frame needs."""
    link = FakeLink(respond=respond)
    link.push(*history())
    link.update.quotes = {m.symbol: quote(m) for m in (BTC, ETH, SOL)}
    link.tell(status())
    return link

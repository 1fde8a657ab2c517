"""A state, a market and a hand that gives commands: what tests of decisions need."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from engine.core.commands import AmendOrder, PlaceOrder
from engine.core.context import Context, Policy
from engine.core.decide.judge import Input, decide
from engine.core.events import (
    EngineStarted,
    Event,
    InstrumentsChanged,
    LimitsChanged,
    Reconciled,
)
from engine.core.instruments import Instrument
from engine.core.limits import PAPER_LIMITS, RiskLimits
from engine.core.market import Quote
from engine.core.orders.machine import Order
from engine.core.react import react
from engine.core.reports import (
    FillEvent,
    OrderReport,
    Outcome,
    RequestKind,
    RequestOutcome,
    VenueStatus,
)
from engine.core.requests import (
    QueryAccount,
    QueryOrder,
    QueryPnl,
    RecallOrder,
    Request,
    StartTimer,
)
from engine.core.state import State, evolve
from engine.core.status import BreakerStatus, ClockStatus, VenueJoin
from engine.core.types import Category, OrderType, Side, TimeInForce

NS = 1_000_000_000
QUESTIONS = (QueryOrder, QueryAccount, QueryPnl, StartTimer, RecallOrder)


def d(text: str | int) -> Decimal:
    """A Decimal, short."""
    return Decimal(text)


def perpetual(symbol: str = "BTCUSDT", tick: str = "0.1") -> Instrument:
    """A linear perpetual with Bybit-like filters."""
    return Instrument(
        symbol=symbol,
        category=Category.LINEAR,
        venue_symbol=symbol,
        base=symbol.removesuffix("USDT"),
        quote="USDT",
        settle="USDT",
        tick_size=d(tick),
        qty_step=d("0.001"),
        min_qty=d("0.001"),
        max_qty=d(100),
        max_market_qty=d(50),
        min_notional=d(5),
    )


class Desk:
    """One account, ready to trade BTCUSDT at a mark of 60,000. `give` decides and folds."""

    def __init__(self, *, limits: RiskLimits = PAPER_LIMITS, policy: Policy | None = None) -> None:
        self.state = State()
        self.policy = policy or Policy()
        self.now_ns = 1_000 * NS
        self.quotes = {"BTCUSDT": Quote(symbol="BTCUSDT", mark=d(60_000), ts=self.now_ns)}
        self.compared_ns = self.now_ns
        self.clock = ClockStatus()
        self.breaker: BreakerStatus | None = None
        self.join = VenueJoin()
        self.gate_closed_at = 0
        self.placing: set[str] = set()
        self.canceling: set[str] = set()
        self.broken = ""
        self.events: list[Event] = []
        self.requests: list[Request] = []
        self._ids = itertools.count(1)
        self.founding: list[Event] = [
            EngineStarted(ts=1, account="paper", venue="bybit", environment="paper"),
            InstrumentsChanged(ts=1, instruments=(perpetual(),)),
            Reconciled(ts=1),
        ]
        if limits != PAPER_LIMITS:
            self.founding.append(LimitsChanged(ts=1, limits=limits, by="test"))
        for event in self.founding:
            evolve(self.state, event)

    def give(self, item: Input) -> list[Event]:
        """Decide one input and fold what follows; returns the events, keeps the requests."""
        context = self.context()
        events: list[Event] = []
        self.requests = []
        for step in decide(self.state, item, context):
            if isinstance(step, QUESTIONS):
                self.requests.append(step)
                continue
            evolve(self.state, step)
            events.append(step)
            self.requests.extend(react(self.state, step, self.policy))
        self.events.extend(events)
        return events

    def context(self) -> Context:
        """The world as a decision sees it now."""
        return Context(
            now_ns=self.now_ns,
            quotes=self.quotes,
            policy=self.policy,
            compared_ns=self.compared_ns,
            clock=self.clock,
            breaker=self.breaker,
            join=self.join,
            gate_closed_at=self.gate_closed_at,
            placing=self.placing,
            canceling=self.canceling,
            broken=self.broken,
        )

    def change_limits(self, limits: RiskLimits) -> None:
        """Hold to these limits from now on."""
        evolve(self.state, LimitsChanged(ts=self.now_ns, limits=limits, by="test"))

    def amend(self, client_order_id: str, **terms: Any) -> AmendOrder:
        """A command to give an order other terms."""
        return AmendOrder(command_id=self.command_id(), client_order_id=client_order_id, **terms)

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ns += round(seconds * NS)

    def place(self, client_order_id: str = "a1", **terms: Any) -> PlaceOrder:
        """A command to buy 0.010 BTCUSDT at 60,000, with other terms where they are given."""
        wanted: dict[str, Any] = {
            "symbol": "BTCUSDT",
            "side": Side.BUY,
            "qty": d("0.010"),
            "price": d(60_000),
            **terms,
        }
        return PlaceOrder(
            command_id=f"c{next(self._ids)}", client_order_id=client_order_id, **wanted
        )

    def command_id(self) -> str:
        """A fresh command id."""
        return f"c{next(self._ids)}"

    def working(self, client_order_id: str = "a1", **terms: Any) -> Order:
        """Place an order and let the venue accept it."""
        self.give(self.place(client_order_id, **terms))
        self.give(outcome(client_order_id))
        return self.order(client_order_id)

    def order(self, client_order_id: str = "a1") -> Order:
        """An order that is there."""
        order = self.state.orders.get_order(client_order_id)
        assert order is not None
        return order


def outcome(
    client_order_id: str = "a1",
    kind: RequestKind = RequestKind.PLACE,
    result: Outcome = Outcome.ACCEPTED,
    **more: Any,
) -> RequestOutcome:
    """The router's word on a request; an accepted place names the venue's id."""
    exchange_order_id = f"x-{client_order_id}" if result is Outcome.ACCEPTED else ""
    values: dict[str, Any] = {"exchange_order_id": exchange_order_id, **more}
    return RequestOutcome(kind=kind, client_order_id=client_order_id, outcome=result, **values)


def row(client_order_id: str = "a1", **more: Any) -> OrderReport:
    """An order row of the venue: New, nothing filled, on the terms of `Desk.place`."""
    values: dict[str, Any] = {
        "exchange_order_id": f"x-{client_order_id}",
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "status": VenueStatus.NEW,
        "qty": d("0.010"),
        "price": d(60_000),
        "cum_qty": d(0),
        "avg_price": None,
        "type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        **more,
    }
    return OrderReport(client_order_id=client_order_id, **values)


def fill(exec_id: str, qty: str, client_order_id: str = "a1", **more: Any) -> FillEvent:
    """An execution of `qty` at 60,000 with a taker's fee of 0.1."""
    values: dict[str, Any] = {
        "exchange_order_id": f"x-{client_order_id}",
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "price": d(60_000),
        "fee": d("0.1"),
        "fee_currency": "USDT",
        **more,
    }
    return FillEvent(exec_id=exec_id, client_order_id=client_order_id, qty=d(qty), **values)

"""A trader who never rests, on a market that never does, and the books of both sides afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from itertools import count, islice

from engine.bootstrap import PAPER_KEY
from engine.core.commands import AmendOrder, CancelAll, CancelOrder, ChangeSetting, Command
from engine.core.ledger.conservation import ledger_disagreements
from engine.core.orders.state import Order
from engine.core.orders.terms import Attached, Exit, Trigger, TriggerDirection
from engine.core.settings import LONG, ONE_WAY, SHORT
from engine.core.types import OrderState, OrderType, Side, TimeInForce
from engine.exchange.instruments import InstrumentRow
from engine.journal.reader import open_for_reading
from engine.recovery.rebuild import recover
from engine.venues.reasons import Reason
from tests.support.house import House
from tests.support.market import BTC, BTC_SPOT, Line, Market, book, ticker, trade

D = Decimal
STEP_S = 0.25
PAUSES_S = (0.0, 0.05, 0.1)
PATIENCE_S = 1.0
ROUNDING = D("1E-12")
"""What averages of positions, to 28 digits there and to 18 decimals here, may differ by."""
KEPT_HERE = frozenset({"RECONCILING", Reason.RATE_LIMITED, Reason.BREAKER_OPEN})
PRICES = ("59000.0", "59900.0", "60000.0", "60000.1", "60100.0", "61000.0")
"""Far below, where sellers pass by, bid, ask, where buyers pass by, far above."""
QTYS = ("0.001", "0.004", "0.010", "0.030")
Terms = dict[str, object]
MARKET: Terms = {"type": OrderType.MARKET, "price": None, "time_in_force": TimeInForce.IOC}
PLAIN: tuple[Terms, ...] = (
    {},
    {},
    {},
    {"time_in_force": TimeInForce.IOC},
    {"time_in_force": TimeInForce.FOK},
    {"post_only": True},
    MARKET,
)
REDUCING: Terms = {"reduce_only": True}
"""Where trades pass by, one side of the market and the other; and where none ever goes."""
FALLS, RISES = (
    Trigger(D("59950.0"), TriggerDirection.FALLS),
    Trigger(D("60050.0"), TriggerDirection.RISES),
)
FAR = Trigger(D("65000.0"), TriggerDirection.RISES)
WAITING: tuple[Terms, ...] = (
    {"trigger": FALLS},
    {"trigger": RISES},
    {"trigger": FAR},
    {"trigger": FALLS, **MARKET},
    {"trigger": RISES, **MARKET},
    {"trigger": FALLS, **MARKET, **REDUCING},
    {"trigger": RISES, **MARKET, **REDUCING},
)
PART = Attached(Exit(D("60050.0"), limit_price=D("60060.0")), Exit(D("59000.0")), partial=True)
EXITS: tuple[Terms, ...] = (
    {"attached": Attached(Exit(D("65000.0")), Exit(D("55000.0")))},
    {"attached": Attached(None, Exit(D("55000.0"))), **MARKET},
    {"attached": PART, **MARKET},
    {"attached": PART},
)


@dataclass(frozen=True)
class Style:
    """What a trader trades in, and how: a market, the terms of its orders, how it holds."""

    terms: tuple[Terms, ...] = (*PLAIN, REDUCING)
    instrument: InstrumentRow | None = None
    symbol: str = "BTCUSDT"
    hedged: bool = False


STYLES = {
    "one_way": Style(),
    "hedged": Style(hedged=True),
    "waiting": Style((*PLAIN, REDUCING, *WAITING)),
    "exits": Style((*PLAIN, *EXITS)),
    "spot": Style(PLAIN, BTC_SPOT, "BTC/USDT"),
}
SETTLED = frozenset({OrderState.NEW, OrderState.PARTIALLY_FILLED, OrderState.UNTRIGGERED})


def lively(seconds: float, instrument: InstrumentRow = BTC) -> Market:
    """A book that is refilled four times a second, and trades through every price within it."""
    lines = islice(_lines(), 2 + 2 * round(seconds / STEP_S))
    return Market(*lines, ticker(seconds + 1, "60000"), instruments=[instrument])


def _lines() -> Iterator[Line]:
    bids, asks = [("60000.0", "0.050")], [("60000.1", "0.050")]
    yield book(0, bids, asks)
    yield ticker(0, "60000")
    for number in count(1):
        side, price = (("Sell", "59900.0"), ("Buy", "60100.0"))[number % 2]
        yield trade(number * STEP_S, side, "0.003", price)
        yield book(number * STEP_S, bids, asks, u=number + 1)


class Trader:
    """Places orders of every sort, and amends and cancels what is open, as its seed decides.

    It cancels up to `at_once` orders at one moment, but not all: these leave as a batch.
    """

    def __init__(
        self, house: House, seed: int, at_once: int = 1, style: Style = STYLES["one_way"]
    ) -> None:
        self._house = house
        self._at_once = at_once
        self._style = style
        self._random = random.Random(seed)
        self._count = 0

    async def prepare(self) -> None:
        """Have the venue hold positions as this style does."""
        if self._style.hedged:
            await self._house.give(
                ChangeSetting(command_id=self._house.command_id(), symbol="BTCUSDT", hedged=True)
            )

    async def send(self, orders: int) -> None:
        """Trade until so many orders have left for the venue."""
        while len(self._house.created) < orders:
            for command in self._commands():
                assert self._house.live.submit(command)
            await self._house.clock.sleep(self._random.choice(PAUSES_S))
            if self._is_kept_here():
                await self._house.clock.sleep(PATIENCE_S)

    def _is_kept_here(self) -> bool:
        """True where the newest order was not let out: more of them now would not be either."""
        newest = self._house.live.state.orders.get_order(f"o{self._count}")
        return newest is not None and newest.reason in KEPT_HERE

    def _commands(self) -> list[Command]:
        open_orders = self._house.live.state.orders.open_orders()
        choice = self._random.random()
        if choice < 0.7 or not open_orders:
            return [self._place()]
        command_id = self._house.command_id()
        if choice < 0.71:
            return [CancelAll(command_id=command_id, side=self._random.choice(list(Side)))]
        order_id = self._random.choice(open_orders).client_order_id
        if choice < 0.8:
            price = D(self._random.choice(PRICES)) if self._random.random() < 0.7 else None
            qty = D(self._random.choice(QTYS))
            amend = AmendOrder(
                command_id=command_id, client_order_id=order_id, price=price, qty=qty
            )
            return [amend]
        cancels: list[Command] = [CancelOrder(command_id=command_id, client_order_id=order_id)]
        others = [o.client_order_id for o in open_orders if o.client_order_id != order_id]
        # One stays: for all of them the venue has a call of its own.
        cancels += [
            CancelOrder(command_id=self._house.command_id(), client_order_id=other)
            for other in others[1 : self._at_once]
        ]
        return cancels

    def _place(self) -> Command:
        self._count += 1
        terms = {
            "symbol": self._style.symbol,
            "price": D(self._random.choice(PRICES)),
            **self._random.choice(self._style.terms),
        }
        side, qty = self._random.choice(("Buy", "Sell")), self._random.choice(QTYS)
        return self._house.place(f"o{self._count}", side, qty, **terms)


def assert_settled(house: House) -> None:
    """Nothing is in doubt, nothing is waited for, nothing drifts, and nothing broke."""
    engine, state = house.live, house.live.state
    assert engine.failure == ""
    assert state.ready
    assert [o for o in state.orders.open_orders() if o.state not in SETTLED] == []
    assert state.reconciled is not None
    assert (state.reconciled.drift, state.pending, state.suspects) == ((), (), {})
    assert state.stuck == set()
    assert list(ledger_disagreements(state)) == []


def assert_same_books(house: House) -> None:
    """The engine's orders, executions, position and P&L are the exchange's own, to the digit."""
    state, theirs = house.live.state, house.exchange.accounts[PAPER_KEY]
    # Orders that the venue made itself have no id of ours; one that came to nothing may have come
    # and gone unheard.
    carried_out = [o for o in theirs.orders.values() if o.link_id or o.is_open or o.cum_qty]
    there = {o.link_id or o.order_id: o for o in carried_out}
    assert len(there) == len(carried_out), "an order was carried out twice"
    here = {
        (o.exchange_order_id if o.is_venue_made else o.client_order_id): o
        for o in state.orders.orders.values()
        if o.client_order_id in there or not _came_to_nothing(o)
    }
    assert {name: (o.is_open, o.qty, o.cum_qty) for name, o in here.items()} == {
        name: (o.is_open, o.qty, o.cum_qty) for name, o in there.items()
    }
    assert {name: o.price or D(0) for name, o in here.items() if o.is_open} == {
        name: o.price for name, o in there.items() if o.is_open
    }
    booked = sorted((f.exec_id, f.qty, f.price, f.fee) for f in state.positions.booked_fills())
    assert booked == sorted((e.exec_id, e.qty, e.price, e.fee) for e in theirs.executions)
    assert list(state.positions.inferred()) == []
    for index in (ONE_WAY, LONG, SHORT):
        ours = state.positions.get_position("BTCUSDT", index)
        held = [p for p in theirs.all_positions() if p.idx == index]
        assert ours.qty == sum(p.qty for p in held)
        gained = ours.realized_pnl - ours.fees
        assert abs(gained - sum(p.realised for p in held)) < ROUNDING
    coins = theirs.coins.get("BTC")
    assert state.positions.get_position("BTC/USDT").qty == (coins.balance if coins else 0)


def assert_replays(house: House) -> None:
    """What the journal leads to is the state."""
    with closing(open_for_reading(house.journal_path)) as journal:
        assert recover(journal).encode() == house.live.state.encode()


def _came_to_nothing(order: Order) -> bool:
    """True for an order that was refused, here or there, or proven never to have arrived.

    So is one that the venue made and took back.
    """
    ended = (OrderState.DENIED, OrderState.REJECTED)
    return not order.cum_qty and (
        order.state in ended or (order.is_venue_made and not order.is_open)
    )

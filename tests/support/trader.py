"""A trader who never rests, on a market that never does, and the books of both sides afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import count, islice

from engine.bootstrap import PAPER_KEY
from engine.core.commands import AmendOrder, CancelAll, CancelOrder, Command
from engine.core.ledger.conservation import ledger_disagreements
from engine.core.orders.state import Order
from engine.core.types import OrderState, OrderType, Side, TimeInForce
from engine.journal import open_for_reading
from engine.recovery.rebuild import recover
from engine.venues.reasons import Reason
from tests.support.house import House
from tests.support.market import Line, Market, book, ticker, trade

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
TERMS: tuple[dict[str, object], ...] = (
    {},
    {},
    {},
    {"time_in_force": TimeInForce.IOC},
    {"time_in_force": TimeInForce.FOK},
    {"post_only": True},
    {"reduce_only": True},
    {"type": OrderType.MARKET, "price": None, "time_in_force": TimeInForce.IOC},
)
SETTLED = frozenset({OrderState.NEW, OrderState.PARTIALLY_FILLED, OrderState.UNTRIGGERED})


def lively(seconds: float) -> Market:
    """A book that is refilled four times a second, and trades through every price within it."""
    return Market(*islice(_lines(), 2 + 2 * round(seconds / STEP_S)), ticker(seconds + 1, "60000"))


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

    def __init__(self, house: House, seed: int, at_once: int = 1) -> None:
        self._house = house
        self._at_once = at_once
        self._random = random.Random(seed)
        self._count = 0

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
        terms = {"price": D(self._random.choice(PRICES)), **self._random.choice(TERMS)}
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
    there = {o.link_id: (o.is_open, o.qty, o.cum_qty) for o in theirs.orders.values()}
    assert len(there) == len(theirs.orders), "an order was carried out twice"
    here = {
        o.client_order_id: (o.is_open, o.qty, o.cum_qty)
        for o in state.orders.orders.values()
        if o.client_order_id in there or not _never_was(o)
    }
    assert here == there
    prices = {o.client_order_id: o.price for o in state.orders.open_orders()}
    assert prices == {o.link_id: o.price for o in theirs.orders.values() if o.is_open}
    booked = sorted(
        (f.exec_id, f.client_order_id, f.qty, f.price, f.fee)
        for f in state.positions.booked_fills()
    )
    assert booked == sorted(
        (e.exec_id, e.order.link_id, e.qty, e.price, e.fee) for e in theirs.executions
    )
    assert list(state.positions.inferred()) == []
    ours, held = state.positions.get_position("BTCUSDT"), theirs.positions["BTCUSDT"]
    assert ours.qty == held.qty
    gained = ours.realized_pnl - ours.fees
    assert abs(gained - held.realised) < ROUNDING


def assert_replays(house: House) -> None:
    """What the journal leads to is the state."""
    with closing(open_for_reading(house.journal_path)) as journal:
        assert recover(journal).encode() == house.live.state.encode()


def _never_was(order: Order) -> bool:
    """True for an order that was refused, here or there, or proven never to have arrived."""
    return order.state in (OrderState.DENIED, OrderState.REJECTED) and not order.cum_qty

"""Many orders as a console receives them, and events that change some of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from engine.core.events import Event, EventType, InstrumentsChanged, OrderEvent, OrderSubmitted
from engine.core.state import State, evolve
from engine.core.status import Envelope, LinkUpdate
from engine.core.types import Liquidity, Side
from tests.console.fakes import BTC, ETH, MARKS, NOW, SOL

NS = 1_000_000_000

MARKETS = (BTC, ETH, SOL)
_exec_ids = itertools.count(1)


def new_order(number: int, ts: int) -> Iterator[Event]:
    """A large order, submitted and acknowledged."""
    market = MARKETS[number % len(MARKETS)]
    order_id = f"c-{number:06}"
    yield OrderSubmitted(
        ts=ts,
        command_id=f"cmd-{number}",
        client_order_id=order_id,
        symbol=market.symbol,
        side=Side.BUY if number % 2 else Side.SELL,
        qty=Decimal(1_000),
        price=MARKS[market.symbol] + number % 500 * market.tick_size,
    )
    yield OrderEvent(EventType.ORDER_ACK, order_id, ts + 4_000_000, f"x-{number}", attempts=1)


def fill(order_id: str, ts: int) -> OrderEvent:
    """One execution that leaves most of the order open."""
    return OrderEvent(
        EventType.PARTIAL_FILL,
        order_id,
        ts,
        exec_id=f"e-{next(_exec_ids)}",
        last_qty=Decimal("0.1"),
        last_price=Decimal(100),
        fee=Decimal("0.01"),
        fee_currency="USDT",
        liquidity=Liquidity.MAKER,
    )


def numbered(events: Iterable[Event], after: int) -> list[Envelope]:
    """Events with their numbers, from `after` + 1."""
    return [Envelope(seq, event) for seq, event in enumerate(events, after + 1)]


def open_orders(count: int) -> LinkUpdate:
    """The markets and `count` open orders, a tenth of a second apart."""
    events: list[Event] = [InstrumentsChanged(ts=NOW - NS, instruments=MARKETS)]
    for number in range(count):
        events += new_order(number, NOW - (count - number) * NS // 10)
    return LinkUpdate(events=numbered(events, 0))


def partial_fill(order_ids: Iterable[str], after: int) -> LinkUpdate:
    """One fill of each of these orders."""
    return LinkUpdate(events=numbered((fill(order_id, NOW) for order_id in order_ids), after))


def snapshot(count: int, still_open: int) -> bytes:
    """The state with `count` orders, of which the newest `still_open` are open, encoded."""
    state = State()
    for envelope in open_orders(count).events:
        evolve(state, envelope.event)
    for order in state.orders.open_orders()[: count - still_open]:
        evolve(state, OrderEvent(EventType.CANCEL_ACK, order.client_order_id, NOW))
    return state.encode()


def last_seq(snapshot: bytes) -> int:
    """The number of the last event in an encoded state."""
    return msgspec.json.decode(snapshot, type=_Numbered).seq


class _Numbered(msgspec.Struct):
    seq: int

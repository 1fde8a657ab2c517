"""The simulated exchange's book alone: orders enter, rest by price and time, and are filled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from itertools import count

from engine.exchange.account import Account
from engine.exchange.ids import Ids
from engine.exchange.instruments import parse_instrument
from engine.exchange.matching import Market
from engine.exchange.orders import Order
from engine.exchange.sources.frames import BookData, BookFrame, Trade
from engine.exchange.sources.listings import LISTINGS, instrument_row
from tests.bench.harness import Figure, Goal, Outcome, Plan

ORDERS = 50_000
PRICES = 100
TICK, LOT = Decimal("0.10"), Decimal("0.001")
BID = Decimal("61000.00")
NOW_NS = 1_800_000_000_000_000_000
KEY = "bench"


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield orders a second that rest and are filled, and that take from the market."""
    orders = plan.scaled(ORDERS)
    resting = [_resting(orders) for _ in range(plan.runs)]
    yield Figure("orders that rest, then are filled in turn", "/s", resting, Goal(50_000, True))
    taking = [_taking(orders) for _ in range(plan.runs)]
    yield Figure("orders that take from the book", "/s", taking, Goal(50_000, True))


def _market() -> Market:
    account = Account(KEY, KEY, 1)
    instrument = parse_instrument(instrument_row(LISTINGS[0]))
    market = Market(instrument, {KEY: account}, Ids(1, 0), lambda: NOW_NS)
    size = Decimal(1_000_000)
    bids = [(BID - TICK * level, size) for level in range(50)]
    asks = [(BID + TICK * (level + 1), size) for level in range(50)]
    data = BookData(s="BTCUSDT", b=bids, a=asks, u=1)
    market.on_book(BookFrame("orderbook.50.BTCUSDT", "snapshot", 0, data))
    return market


def _orders(market: Market, prices: list[Decimal], amount: int) -> list[Order]:
    numbers = count(1)
    return [
        Order(
            api_key=KEY,
            instrument=market.instrument,
            order_id=f"order-{next(numbers)}",
            link_id="",
            is_buy=True,
            order_type="Limit",
            time_in_force="GTC",
            qty=LOT,
            price=prices[number % len(prices)],
        )
        for number in range(amount)
    ]


def _resting(amount: int) -> float:
    """Buys inside the spread of a book without asks near, then one trade through each price."""
    market = _market()
    prices = [BID - TICK * (60 + step) for step in range(PRICES)]
    orders = _orders(market, prices, amount)
    trades = [
        Trade(T=0, s="BTCUSDT", S="Sell", v=LOT, p=price - TICK / 2, i="1") for price in prices
    ]
    started_s = time.perf_counter()
    for order in orders:
        market.enter(order)
    for trade in trades:
        market.on_trade(trade)
    took_s = time.perf_counter() - started_s
    assert all(order.status == "Filled" for order in orders)
    return amount / took_s


def _taking(amount: int) -> float:
    """Buys that cross the spread, each filled at once by the best ask."""
    market = _market()
    orders = _orders(market, [BID + TICK], amount)
    started_s = time.perf_counter()
    for order in orders:
        market.enter(order)
    took_s = time.perf_counter() - started_s
    assert all(order.status == "Filled" for order in orders)
    return amount / took_s

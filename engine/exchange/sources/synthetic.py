"""A market made up from a seed: never empty, never crossed, and without end.

Each market moves in steps of about 100 ms. A step draws where the price goes, prints the trades
that took it there at the prices then in the book, and sends the changes of the book and the ticker.
Volatility comes in bursts, trades in clusters, and prices are drawn gently back to where they
began.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import exp
from random import Random

import msgspec

from engine.exchange.numbers import ZERO
from engine.exchange.sources.frames import (
    BOOK_TOPIC,
    MS,
    TICKER_TOPIC,
    TRADE_TOPIC,
    BookData,
    BookFrame,
    Decoded,
    Fault,
    Frame,
    Level,
    Side,
    Trade,
    TradeFrame,
)
from engine.exchange.sources.ladder import Ladder
from engine.exchange.sources.listings import LISTINGS, Listing, instrument_row
from engine.exchange.sources.tickers import Ticker

STEP_NS = 100_000_000
JITTER_NS = 20_000_000

STEP_VOLATILITY = 2.5e-5  # of the price, on a step that moves
MOVE_CHANCE = 0.35
BURST_CHANCE = 0.002
BURST_DECAY = 0.97
PULL_BACK = 1e-5  # of the distance to where the price began, each step
WIDE_SPREAD_CHANCE = 0.04
TRADE_RATE = 0.25  # trades a step when quiet
TRADE_EXCITEMENT = 0.35  # how much one trade raises the rate of the next step
MAX_TRADES = 8  # a step
MAX_SWEPT = 5  # levels printed when the price jumps


class Synthetic:
    """A market source; the same seed and start give the same frames."""

    def __init__(self, seed: int, start_ns: int) -> None:
        self.instruments = [(listing.category, instrument_row(listing)) for listing in LISTINGS]
        self.first_ts = start_ns
        self.last_ts: int | None = None
        self.errors: Sequence[Fault] = ()
        self._seed = seed

    def frames(self) -> Iterator[Frame]:
        """Every market's frames by time, from the beginning."""
        markets = (_Market(listing, self._seed, self.first_ts) for listing in LISTINGS)
        return heapq.merge(*(market.frames() for market in markets), key=lambda frame: frame.t_ns)


def create_synthetic(seed: int, start_ns: int) -> Synthetic:
    """A market that begins at `start_ns` (unix ns) with a snapshot of every book."""
    return Synthetic(seed, start_ns)


class _Price:
    """Where the market thinks the price is. Perpetual and spot of one coin share the path."""

    def __init__(self, listing: Listing, seed: int) -> None:
        self._random = Random(f"price/{seed}/{listing.base}")
        self._origin = self.value = listing.price * exp(self._random.gauss(0.0, 0.001))
        self._heat = 1.0

    def step(self) -> None:
        """Move on by one step."""
        chance, burst, shock = self._random.random(), self._random.random(), self._random.gauss()
        self._heat = max(1.0, self._heat * BURST_DECAY)
        if burst < BURST_CHANCE:
            self._heat = 3.0 + 2500 * burst
        if chance < MOVE_CHANCE:
            self.value *= exp(shock * STEP_VOLATILITY * self._heat)
        self.value += (self._origin - self.value) * PULL_BACK

    @property
    def is_hot(self) -> bool:
        """True in a burst of volatility."""
        return self._heat > 2.0


class _Market:
    """One market: turns the path of its price into books, trades and tickers."""

    def __init__(self, listing: Listing, seed: int, start_ns: int) -> None:
        self._category = listing.category
        self._symbol = f"{listing.base}USDT"
        self._random = random = Random(f"market/{seed}/{listing.category}/{listing.base}")
        self._tick, self._lot = Decimal(listing.tick), Decimal(listing.step)
        self._price = _Price(listing, seed)
        self._start_ns = start_ns
        self._bids = Ladder(random, is_bid=True, typical_lots=listing.lots)
        self._asks = Ladder(random, is_bid=False, typical_lots=listing.lots)
        self._bid = self._ask = 0
        self._rate = TRADE_RATE
        self._update_id = 0
        self._trade_id = 5_000_000_000
        self._seq = 0  # of books and trades together
        self._ticker = Ticker(self._category, self._symbol, self._tick * self._target())

    def frames(self) -> Iterator[Frame]:
        """A snapshot and a ticker at the start, then the market as it goes."""
        self._move_touch()
        yield self._frame(self._start_ns, BOOK_TOPIC, self._book(self._start_ns, "snapshot"))
        yield from self._told_ticker(self._start_ns)
        before_ns, step = self._start_ns, 0
        while True:
            step += 1
            grid_ns = self._start_ns + step * STEP_NS
            now_ns = grid_ns + self._random.randrange(-JITTER_NS, JITTER_NS)
            self._price.step()
            yield from self._trades(before_ns, now_ns)
            yield from self._sweep(now_ns - MS)
            self._move_touch()
            yield self._frame(now_ns, BOOK_TOPIC, self._book(now_ns, "delta"))
            yield from self._told_ticker(now_ns)
            before_ns = now_ns

    def _target(self) -> int:
        """The best bid that the price asks for, in ticks."""
        return int(self._price.value / float(self._tick))

    def _move_touch(self) -> None:
        self._bid = self._target()
        wide = self._price.is_hot or self._random.random() < WIDE_SPREAD_CHANCE
        self._ask = self._bid + (self._random.randint(1, 3) if wide else 1)
        self._bids.move(self._bid)
        self._asks.move(self._ask)

    def _trades(self, after_ns: int, before_ns: int) -> Iterator[Frame]:
        """Trades at the touch between two steps."""
        count = 0
        while count < MAX_TRADES and self._random.random() < self._rate / (1.0 + self._rate):
            count += 1
        latest_ns = before_ns - 2 * MS
        times = sorted(self._random.randrange(after_ns + 1, latest_ns) for _ in range(count))
        for t_ns in times:
            is_buy = self._random.random() < 0.5
            ladder, tick = (self._asks, self._ask) if is_buy else (self._bids, self._bid)
            most = ladder.lots_at(tick) - 1
            lots = min(most, 1 + int(self._random.expovariate(1.0) * (1 + most // 5)))
            if lots > 0:
                ladder.take(tick, lots)
                yield self._print(t_ns, "Buy" if is_buy else "Sell", [(tick, lots)])
        self._rate = TRADE_RATE + (self._rate - TRADE_RATE) * 0.6 + count * TRADE_EXCITEMENT

    def _sweep(self, t_ns: int) -> Iterator[Frame]:
        """The trades that take out what stands between the touch and where the price goes."""
        target = self._target()
        if target >= self._ask:
            yield self._print(t_ns, "Buy", self._asks.up_to(target)[:MAX_SWEPT])
        elif target < self._bid:
            yield self._print(t_ns, "Sell", self._bids.up_to(target + 1)[:MAX_SWEPT])

    def _print(self, t_ns: int, side: Side, levels: list[tuple[int, int]]) -> Frame:
        trades = []
        self._seq += 1
        is_spot = self._category == "spot"
        for tick, lots in levels:
            self._trade_id += 1
            price, size = self._tick * tick, self._lot * lots
            direction = self._ticker.trade(price, size)
            trades.append(
                Trade(
                    T=t_ns // MS,
                    s=self._symbol,
                    S=side,
                    v=size,
                    p=price,
                    L=msgspec.UNSET if is_spot else direction,
                    i=str(self._trade_id),
                    seq=self._seq,
                )
            )
        topic = TRADE_TOPIC + self._symbol
        return self._frame(t_ns, TRADE_TOPIC, TradeFrame(topic, "snapshot", t_ns // MS, trades))

    def _book(self, t_ns: int, kind: str) -> BookFrame:
        self._update_id += 1
        self._seq += 1
        data = BookData(
            s=self._symbol,
            b=self._levels(self._bids.changes()),
            a=self._levels(self._asks.changes()),
            u=self._update_id,
            seq=self._seq,
        )
        return BookFrame(BOOK_TOPIC + self._symbol, kind, t_ns // MS, data, t_ns // MS)

    def _levels(self, levels: list[tuple[int, int]]) -> list[Level]:
        # A level that went has the size "0" on the wire, whatever the decimals of the others.
        return [(self._tick * tick, self._lot * lots if lots else ZERO) for tick, lots in levels]

    def _told_ticker(self, t_ns: int) -> Iterator[Frame]:
        bid, ask = (
            (self._tick * tick, self._lot * ladder.lots_at(tick))
            for ladder, tick in ((self._bids, self._bid), (self._asks, self._ask))
        )
        frame = self._ticker.frame(t_ns, bid, ask, self._seq)
        if frame is not None:
            yield self._frame(t_ns, TICKER_TOPIC, frame)

    def _frame(self, t_ns: int, prefix: str, decoded: Decoded) -> Frame:
        raw = msgspec.json.encode(decoded)
        return Frame(t_ns, self._category, self._symbol, prefix + self._symbol, raw, decoded)

"""What a market source plays: public frames, as sent to subscribers and decoded for the book."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

import msgspec

from engine.exchange.instruments import InstrumentRow

Level = tuple[Decimal, Decimal]
"""Price and size; size zero deletes the level."""
Side = Literal["Buy", "Sell"]

MS = 1_000_000
_STAMP = re.compile(rb'("(?:ts|cts|T)":\s*)(\d+)')
"""Where a frame's text has a time, in unix ms."""
BOOK_TOPIC = "orderbook.50."
TRADE_TOPIC = "publicTrade."
TICKER_TOPIC = "tickers."


class BookData(msgspec.Struct, gc=False):
    """Body of an order book frame; `b` and `a` in the venue's order, best first in snapshots."""

    s: str
    b: list[Level]
    a: list[Level]
    u: int
    seq: int = 0


class BookFrame(msgspec.Struct, gc=False):
    """An `orderbook.50` frame. `ts` and `cts` are unix ms."""

    topic: str
    type: str
    ts: int
    data: BookData
    cts: int = 0


class Trade(msgspec.Struct, gc=False):
    """One public trade: `T` unix ms, `S` the taker's side, `v` size, `p` price, `i` trade id.

    `seq` counts what happens in the market's book and trades.
    """

    T: int
    s: str
    S: Side
    v: Decimal
    p: Decimal
    L: str | msgspec.UnsetType = msgspec.UNSET  # tick direction, derivatives only
    i: str = ""
    BT: bool = False
    RPI: bool = False
    seq: int = 0


class TradeFrame(msgspec.Struct, gc=False):
    """A `publicTrade` frame; the trades are in ascending order."""

    topic: str
    type: str
    ts: int
    data: list[Trade]


class TickerFrame(msgspec.Struct, gc=False):
    """A `tickers` frame; in a delta, absent fields are unchanged."""

    topic: str
    type: str
    ts: int
    data: dict[str, str | None]
    cs: int = 0


Decoded = BookFrame | TradeFrame | TickerFrame


class Frame(NamedTuple):
    """One frame at its time on the exchange's clock (unix ns)."""

    t_ns: int
    category: str
    symbol: str
    topic: str
    raw: bytes
    decoded: Decoded


def later(frame: Frame, by_ns: int) -> Frame:
    """The same frame, as if its market had been `by_ns` later: each stamp in it says so."""
    by_ms = by_ns // MS
    decoded = msgspec.structs.replace(frame.decoded, ts=frame.decoded.ts + by_ms)
    if isinstance(decoded, BookFrame) and decoded.cts:
        decoded.cts += by_ms
    elif isinstance(decoded, TradeFrame):
        decoded.data = [msgspec.structs.replace(one, T=one.T + by_ms) for one in decoded.data]
    raw = _STAMP.sub(lambda found: found[1] + b"%d" % (int(found[2]) + by_ms), frame.raw)
    return frame._replace(t_ns=frame.t_ns + by_ns, raw=raw, decoded=decoded)


class Fault(NamedTuple):
    """Something in the input that was skipped; `line` counts from one."""

    file: str
    line: int
    what: str


class MarketSource(Protocol):
    """A market to play. `frames` may be iterated once per exchange; it is in order of `t_ns`."""

    @property
    def instruments(self) -> Sequence[tuple[str, InstrumentRow]]:
        """Every instrument with its category."""
        ...

    @property
    def first_ts(self) -> int:
        """Time of the first frame, unix ns."""
        ...

    @property
    def last_ts(self) -> int | None:
        """Time of the last frame, unix ns; None when the market never ends."""
        ...

    @property
    def errors(self) -> Sequence[Fault]:
        """What was skipped in the input, first ones only."""
        ...

    def frames(self) -> Iterator[Frame]:
        """The market, lazily, in order of time."""
        ...

"""Ladder view: one market's prices in steps, with the book, our own orders and the last trade."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from console import format as fmt
from console.glyphs import UNICODE, Glyphs
from console.replica import Replica
from console.views.cells import Cell, Column, Row, Shrink
from engine.core.market import Level, TradeTick
from engine.core.types import Side

COLUMNS = (
    Column("own_bid", "OWN", 7, right=True),
    Column("bid", "BID", 10, right=True),
    Column("price", "PRICE", 13, right=True),
    Column("ask", "ASK", 10),
    Column("own_ask", "OWN", 7),
)

SHRINK: Shrink = (("bid", 8), ("ask", 8), ("price", 11), ("own_bid", 5), ("own_ask", 5))

BOOK_STALE_S = 10.0

EMPTY = Cell("")


def _no_orders(_symbol: str, _price: Decimal) -> tuple[str, ...]:
    return ()


class LadderView(msgspec.Struct, kw_only=True):
    """Sizes by price on both sides, own quantity by (side, price). `tick` None: market unknown."""

    symbol: str
    tick: Decimal | None = None
    qty_step: Decimal | None = None
    bids: Mapping[Decimal, Decimal] = msgspec.field(default_factory=dict)
    asks: Mapping[Decimal, Decimal] = msgspec.field(default_factory=dict)
    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    own: Mapping[tuple[Side, Decimal], Decimal] = msgspec.field(default_factory=dict)
    order_ids: Callable[[str, Decimal], tuple[str, ...]] = _no_orders
    last: TradeTick | None = None
    title: str = ""
    stale: bool = False
    glyphs: Glyphs = UNICODE

    @property
    def centre(self) -> Decimal | None:
        """The price that belongs in the middle, on the tick; None before there is a market."""
        sides = [price for price in (self.best_bid, self.best_ask) if price is not None]
        if not sides or self.tick is None:
            return None
        middle = sum(sides, Decimal(0)) / len(sides)
        return (middle / self.tick).to_integral_value(ROUND_HALF_EVEN) * self.tick


def view(replica: Replica, symbol: str, size: str, glyphs: Glyphs, *, stale: bool) -> LadderView:
    """What the ladder of `symbol` needs for this frame."""
    instrument = replica.state.instruments.get(symbol)
    book = replica.books.get(symbol)
    bids: Sequence[Level] = book.bids if book else ()
    asks: Sequence[Level] = book.asks if book else ()
    silent_s = (replica.engine_ns - book.ts) / fmt.NS if book else 0.0
    old = f"  STALE {fmt.age(silent_s, whole=True)}" if silent_s > BOOK_STALE_S else ""
    own = replica.levels.quantities(symbol)
    return LadderView(
        symbol=symbol,
        tick=instrument.tick_size if instrument else None,
        qty_step=instrument.qty_step if instrument else None,
        bids=dict(bids),
        asks=dict(asks),
        best_bid=bids[0][0] if bids else None,
        best_ask=asks[0][0] if asks else None,
        own=dict(own),
        order_ids=replica.levels.order_ids,
        last=replica.last_trades.get(symbol),
        title=f"{symbol}{f'  size {size}' if size else ''}{old}",
        stale=stale,
        glyphs=glyphs,
    )


def prices(top: Decimal, tick: Decimal, count: int) -> list[Decimal]:
    """`count` prices downwards from `top`, one tick apart; never zero or below."""
    return [price for step in range(count) if (price := top - step * tick) > 0]


def row(view: LadderView, price: Decimal) -> Row:
    """One level as cells, in the order of `COLUMNS`."""
    glyphs = view.glyphs
    own_bid, own_ask = view.own.get((Side.BUY, price)), view.own.get((Side.SELL, price))
    text = fmt.exact(price, view.tick)
    last = view.last is not None and view.last.price == price
    at_touch = price in (view.best_bid, view.best_ask)
    return (
        _size(own_bid, view.qty_step, "own", f"{glyphs.own_buy}"),
        _size(view.bids.get(price), view.qty_step, "buy"),
        Cell(f"{text}{glyphs.last if last else ' '}", _price_style(last=last, touch=at_touch)),
        _size(view.asks.get(price), view.qty_step, "sell"),
        _size(own_ask, view.qty_step, "own", f"{glyphs.own_sell}"),
    )


def _size(qty: Decimal | None, step: Decimal | None, style: str, mark: str = "") -> Cell:
    return EMPTY if qty is None else Cell(mark + fmt.exact(qty, step), style)


def _price_style(*, last: bool, touch: bool) -> str:
    if last:
        return "last"
    return "value" if touch else "text"

"""How our orders meet the market: the fill model of one instrument.

- An order that crosses takes the book level by level, at each level's price, up to its limit.
- A resting order stands behind what its level showed on arrival. Trades at its price by the other
  side's aggressor use up that queue, then fill it; our own orders at a price share a trade in
  order of time. The queue is never longer than the level shows.
- A trade, or the best opposite level that still has something to take, strictly through its price
  fills it whole, at its price, as maker.
- Our own orders never trade with each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from engine.exchange.account import Account
from engine.exchange.book import Book, is_snapshot
from engine.exchange.candles import Candles
from engine.exchange.ids import Ids
from engine.exchange.instruments import Instrument
from engine.exchange.numbers import INFINITE, ONE, ZERO
from engine.exchange.orders import (
    BY_REDUCE_ONLY,
    NO_BALANCE,
    NOT_FILLED_WHOLE,
    NOTHING_LEFT_TO_TAKE,
    POST_ONLY_TAKES,
    WAITING,
    Order,
    Slippage,
)
from engine.exchange.protection import Protection
from engine.exchange.resting import RestingSide
from engine.exchange.sources.frames import BookFrame, TickerFrame, Trade

RECENT_TRADES = 1000
MARKET_PROTECTION = Decimal("0.05")  # how far from the last price a market order may trade


class Market:
    """One instrument: its book, its last prices and our orders in it."""

    def __init__(
        self,
        instrument: Instrument,
        accounts: Mapping[str, Account],
        ids: Ids,
        now_ns: Callable[[], int],
        *,
        auto_fill: bool = False,
    ) -> None:
        self.instrument = instrument
        self.book = Book()
        self.candles = Candles()
        self.recent: deque[Trade] = deque(maxlen=RECENT_TRADES)
        self.ticker: dict[str, str | None] = {}
        self.ticker_raw = b""
        self.ticker_ts = self.ticker_seq = 0  # of the last one
        self.last_price = ZERO  # zero until the first trade or ticker
        self.mark_price = ZERO
        self.seq = 0
        self.buys = RestingSide(is_buy=True)
        self.sells = RestingSide(is_buy=False)
        self.waiting: dict[str, Order] = {}  # for their trigger price, oldest first
        self._protection = Protection(self, ids, now_ns)
        self._accounts = accounts
        self._ids = ids
        self._now_ns = now_ns
        self._auto_fill = auto_fill

    # The market's own frames

    def on_book(self, frame: BookFrame) -> None:
        """Apply a book frame, then fill what it went through."""
        self.book.apply(frame)
        if is_snapshot(frame):
            for order in self.buys.all():
                self._cap_queue(order, self.book.bids.shown_at(order.price))
            for order in self.sells.all():
                self._cap_queue(order, self.book.asks.shown_at(order.price))
        else:
            for resting, rows in ((self.buys, frame.data.b), (self.sells, frame.data.a)):
                if resting:
                    for price, size in rows:
                        for order in resting.at(price):
                            self._cap_queue(order, size)
        for resting, opposite in ((self.buys, self.book.asks), (self.sells, self.book.bids)):
            if resting and (best := opposite.best_available()) is not None:
                self._fill_whole(resting.through(best))

    def on_trade(self, trade: Trade) -> None:
        """Let a recorded trade fill what it went through, then its share of what it met."""
        self.last_price = trade.p
        self.recent.append(trade)
        self.candles.add(trade.T, trade.p, trade.v)
        if self.buys:
            self._fill_whole(self.buys.through(trade.p))
        if self.sells:
            self._fill_whole(self.sells.through(trade.p))
        met = self.buys if trade.S == "Sell" else self.sells
        if met:
            self._share(met.at(trade.p), trade.v)
        if self.waiting:
            self._trigger()

    def on_ticker(self, frame: TickerFrame, raw: bytes) -> None:
        """Take in a ticker, whole or changes only."""
        self.ticker_raw = raw if frame.type == "snapshot" else b""
        self.ticker_ts, self.ticker_seq = frame.ts, frame.cs
        self.ticker.update(frame.data)
        self.last_price = Decimal(frame.data.get("lastPrice") or self.last_price)
        self.candles.begin(frame.ts, self.last_price)
        mark = frame.data.get("markPrice")
        if mark and self.instrument.category == "linear":
            self.mark_price = Decimal(mark)
            for account in self._accounts.values():
                account.mark(self.instrument.symbol, self.mark_price)
        if self.waiting:
            self._trigger()

    @staticmethod
    def _cap_queue(order: Order, shown: Decimal) -> None:
        order.queue_ahead = min(order.queue_ahead, shown)

    def _share(self, orders: list[Order], size: Decimal) -> None:
        for order in orders:
            if not order.is_open:  # an earlier fill of this trade ended it
                continue
            ahead = min(order.queue_ahead, size)
            order.queue_ahead -= ahead
            qty = min(order.leaves, size - ahead)
            if qty > 0:
                size -= qty
                self._fill_resting(order, qty)

    def _fill_whole(self, orders: list[Order]) -> None:
        for order in orders:
            if order.is_open:
                self._fill_resting(order, order.leaves)

    def _fill_resting(self, order: Order, qty: Decimal) -> None:
        account = self._accounts[order.api_key]
        self._book_fill(order, account, qty, order.price, is_maker=True)
        if not order.is_open:
            self._side(order).remove(order)
            account.close(order)
        account.tell(order)
        self._follow_fill(order, account)

    # Our own orders

    def enter(self, order: Order) -> None:
        """Let a new order meet the book: it takes, rests or ends."""
        account = self._accounts[order.api_key]
        account.add(order)
        self._meet(order, account)

    def arm(self, order: Order) -> None:
        """Let a new order wait for its trigger price."""
        account = self._accounts[order.api_key]
        order.status = WAITING
        account.add(order)
        self.waiting[order.order_id] = order
        account.tell(order)

    def price_by(self, by: str) -> Decimal:
        """The price that a condition looks at; zero while there is none."""
        if by == "IndexPrice":
            return Decimal(self.ticker.get("indexPrice") or self.last_price)
        return self.mark_price or self.last_price if by == "MarkPrice" else self.last_price

    def protection_price(self, *, is_buy: bool, slippage: Slippage | None = None) -> Decimal | None:
        """The limit that a market order gets: so far from the last price, on the tick.

        One with a slippage goes no further than that from the best price it can have.
        """
        opposite = self.book.asks if is_buy else self.book.bids
        reference = self.last_price or self.mark_price or opposite.best_available()
        if not reference:
            return None
        tick, sign = self.instrument.tick, ONE if is_buy else -ONE
        if slippage is None:
            bound = reference * (ONE + sign * MARKET_PROTECTION)
        else:
            best = opposite.best_available() or reference
            step = tick if slippage.kind == "TickSize" else best / 100
            bound = best + sign * slippage.value * step
        ticks = bound / tick
        return ticks.quantize(ONE, rounding=ROUND_DOWN if is_buy else ROUND_UP) * tick

    def _trigger(self) -> None:
        """Release every order whose price has come."""
        for order in list(self.waiting.values()):
            condition = order.condition
            if (
                condition is not None
                and order.is_waiting
                and condition.is_met(self.price_by(condition.by))
            ):
                self._release(order)

    def _release(self, order: Order) -> None:
        account = self._accounts[order.api_key]
        del self.waiting[order.order_id]
        order.status, order.updated_ms = "Triggered", self._now_ms()
        account.tell(order)
        self._protection.triggered(order)
        refused = self._prepare(order, account)
        if refused is not None:
            self._end(order, account, refused)
            account.tell(order)
            return
        order.status = "New"
        self._meet(order, account)

    def _prepare(self, order: Order, account: Account) -> tuple[str, str] | None:
        """Give a triggered order its price and quantity; how it ends if it cannot have them."""
        if order.order_type == "Market":
            order.price = self.protection_price(is_buy=order.is_buy) or order.price
        if order.reduce_only:
            position = account.position(self.instrument, order.position_idx)
            reducible = position.reducible(is_buy=order.is_buy)
            if not reducible:
                return BY_REDUCE_ONLY
            order.qty = min(order.qty, reducible)
        if self.instrument.category == "spot":
            need = order.qty * order.price if order.is_buy else order.qty
            coin = account.coin(self.instrument.quote if order.is_buy else self.instrument.base)
            if need > coin.balance - coin.locked:
                return NO_BALANCE
        return None

    def seed(self, order: Order) -> None:
        """Rest an order from an earlier life of the exchange; the first snapshot queues it.

        One with a condition waits for that.
        """
        if order.condition is not None:
            self.arm(order)
            self._protection.take_over(order)
            return
        account = self._accounts[order.api_key]
        account.add(order)
        self._rest(order, account)

    def replace(self, order: Order, price: Decimal, qty: Decimal) -> None:
        """Amend a resting order. A new price or a larger quantity costs it its place."""
        account = self._accounts[order.api_key]
        keeps_place = price == order.price and qty <= order.qty
        side = self._side(order)
        if not keeps_place:
            side.remove(order)
        order.price, order.qty = price, qty
        order.updated_ms = self._now_ms()
        if keeps_place:
            if self.instrument.category == "spot":
                account.relock(order)
            account.tell(order)
            return
        if self._takes(order) and order.time_in_force != "PostOnly":
            account.tell(order)  # the new terms, before the fills that they bring
        self._meet(order, account)

    def restate(self, order: Order, price: Decimal, qty: Decimal) -> None:
        """Tell the new terms of an order that waits."""
        order.price, order.qty = price, qty
        order.updated_ms = self._now_ms()
        self._accounts[order.api_key].tell(order)

    def cancel(self, order: Order, how: tuple[str, str]) -> None:
        """Take an open order out of the book; `how` is its cancelType and rejectReason."""
        account = self._accounts[order.api_key]
        if order.is_waiting:
            del self.waiting[order.order_id]
        else:
            self._side(order).remove(order)
        self._end(order, account, how)
        account.tell(order)

    def _meet(self, order: Order, account: Account) -> None:
        if order.time_in_force == "PostOnly" and self._takes(order) and not self._auto_fill:
            self._end(order, account, POST_ONLY_TAKES)
        elif order.time_in_force == "FOK" and self._takeable(order) < order.leaves:
            self._end(order, account, NOT_FILLED_WHOLE)
        else:
            self._take(order, account)
            if not order.leaves and not _has_value_left(order):
                account.close(order)
            elif order.rests:
                self._rest(order, account)
            else:
                self._end(order, account, NOTHING_LEFT_TO_TAKE)
        account.tell(order)
        if order.cum_qty:
            self._follow_fill(order, account)

    def _take(self, order: Order, account: Account) -> None:
        if self._auto_fill and order.order_type == "Limit":
            maker = order.time_in_force == "PostOnly"
            self._book_fill(order, account, order.leaves, order.price, is_maker=maker)
            return
        opposite = self.book.asks if order.is_buy else self.book.bids
        leaves = order.leaves
        for price, size in opposite.available():
            if not _within(order, price):
                break
            qty = min(size, leaves)
            opposite.take(price, qty)
            self._book_fill(order, account, qty, price, is_maker=False)
            leaves -= qty
            if not leaves:
                break

    def _takes(self, order: Order) -> bool:
        best = (self.book.asks if order.is_buy else self.book.bids).best_available()
        return best is not None and _within(order, best)

    def _takeable(self, order: Order) -> Decimal:
        if self._auto_fill:
            return INFINITE
        opposite = self.book.asks if order.is_buy else self.book.bids
        return sum((size for price, size in opposite.available() if _within(order, price)), ZERO)

    def _rest(self, order: Order, account: Account) -> None:
        own = self.book.bids if order.is_buy else self.book.asks
        # Without a book nothing is known about the queue: the first snapshot will cap it.
        order.queue_ahead = own.shown_at(order.price) if self.book.is_ready else INFINITE
        self._side(order).add(order)
        if self.instrument.category == "spot":
            account.relock(order)

    def _end(self, order: Order, account: Account, how: tuple[str, str]) -> None:
        is_spot_with_fills = order.cum_qty and self.instrument.category == "spot"
        if order.is_waiting:
            order.status = "Deactivated"
        else:
            order.status = "PartiallyFilledCanceled" if is_spot_with_fills else "Cancelled"
        order.cancel_type, order.reject_reason = how
        order.updated_ms = self._now_ms()
        account.close(order)

    def _book_fill(
        self, order: Order, account: Account, qty: Decimal, price: Decimal, *, is_maker: bool
    ) -> None:
        self.seq += 1
        account.fill(
            order,
            qty,
            price,
            is_maker=is_maker,
            exec_id=self._ids.uuid(),
            mark_price=self.mark_price,
            time_ms=self._now_ms(),
            seq=self.seq,
        )

    def _follow_fill(self, order: Order, account: Account) -> None:
        """Let what depends on the position follow it."""
        self._trim_reduce_only(account)
        if order.attached is not None or self._protection:
            self._protection.follow(account, order)

    def _trim_reduce_only(self, account: Account) -> None:
        """Shrink or cancel what would now do more than reduce."""
        for order in account.reducing_in(self.instrument.key):
            if order.is_waiting:
                continue  # its size is settled when it is triggered
            position = account.position(self.instrument, order.position_idx)
            reducible = position.reducible(is_buy=order.is_buy)
            if not reducible:
                self.cancel(order, BY_REDUCE_ONLY)
            elif order.leaves > reducible:
                order.qty = order.cum_qty + reducible
                order.updated_ms = self._now_ms()
                account.tell(order)

    def _side(self, order: Order) -> RestingSide:
        return self.buys if order.is_buy else self.sells

    def _now_ms(self) -> int:
        return self._now_ns() // 1_000_000


def _has_value_left(order: Order) -> bool:
    """True for what bought all that its value is enough for, in whole steps, and not all of it."""
    return bool(order.value) and order.is_buy and order.cum_value < Decimal(order.value)


def _within(order: Order, price: Decimal) -> bool:
    """True where the order's limit allows trading at `price`."""
    return price <= order.price if order.is_buy else price >= order.price

"""One API key's side of the exchange: orders, positions, wallet, fills, and what to tell its owner.

Streams are fed with order and execution rows in the order things happened, and, less often, with
the positions and coins that fills have touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from copy import copy
from decimal import Decimal

from engine.exchange.holdings import Holdings
from engine.exchange.margin import Margins
from engine.exchange.numbers import ZERO, text
from engine.exchange.orders import ClosedPnl, Execution, LogEntry, Order
from engine.exchange.positions import Position
from engine.exchange.rows import CoinState, Row, position_row, stream_row, wallet_row

MAKER_FEE = Decimal("0.0002")
TAKER_FEE = Decimal("0.00055")

MarketKey = tuple[str, str]


class Account(Holdings):
    """Everything one API key owns."""

    def __init__(self, api_key: str, secret: str, uid: int) -> None:
        super().__init__()
        self.api_key = api_key
        self.secret = secret.encode()
        self.uid = uid
        self.topics: set[str] = set()  # what any of its private streams listens to
        self.orders: dict[str, Order] = {}
        self.closed: dict[str, list[Order]] = defaultdict(list)  # by category, as they closed
        self.forgotten: dict[str, int] = {}  # by category, closed orders before it are not recent
        self.executions: list[Execution] = []  # in order of time
        self.closed_pnl: list[ClosedPnl] = []  # by order, in order of the first fill that closed
        self.log: list[LogEntry] = []  # in order of time
        self._untold: list[Order | Execution] = []
        self._closing: dict[str, ClosedPnl] = {}
        self._links: dict[tuple[str, str], Order] = {}
        self._open: dict[MarketKey, dict[str, Order]] = defaultdict(dict)
        self._reducing: dict[MarketKey, dict[str, Order]] = {}
        self._touched_positions: dict[tuple[str, int], Position] = {}
        self._touched_coins: dict[str, CoinState] = {}

    # Orders

    def add(self, order: Order) -> None:
        """Take in a new order: it can be found by its ids for ever and is open until closed."""
        instrument = order.instrument
        order.number = len(self.orders)
        self.orders[order.order_id] = order
        if order.link_id:
            self._links[instrument.category, order.link_id] = order
        self._open[instrument.key][order.order_id] = order
        if order.reduce_only:
            self._reducing.setdefault(instrument.key, {})[order.order_id] = order
        self._needs.orders[order.order_id] = order

    def close(self, order: Order) -> None:
        """Note that an order has reached a closed status."""
        instrument = order.instrument
        del self._open[instrument.key][order.order_id]
        if order.reduce_only:
            del self._reducing[instrument.key][order.order_id]
        self.closed[instrument.category].append(order)
        if instrument.category == "spot":
            self.relock(order)

    def find(self, category: str, symbol: str, order_id: str, link_id: str) -> Order | None:
        """The order with that id; the order id wins where both are given."""
        order = self.orders.get(order_id) if order_id else self._links.get((category, link_id))
        if order is None or order.instrument.category != category:
            return None
        return order if symbol in ("", order.instrument.symbol) else None

    def has_link(self, category: str, link_id: str) -> bool:
        """True if an order of that category ever had this link id."""
        return (category, link_id) in self._links

    def open_in(self, key: MarketKey) -> dict[str, Order]:
        """Open orders of one market, oldest first."""
        return self._open.get(key, {})

    def open_count(self, category: str) -> int:
        """How many orders of a category are open."""
        return sum(len(orders) for key, orders in self._open.items() if key[0] == category)

    def open_orders(self, category: str) -> list[Order]:
        """Open orders of a category, oldest first."""
        found = [
            order
            for key, orders in self._open.items()
            if key[0] == category
            for order in orders.values()
        ]
        return sorted(found, key=lambda order: order.number)

    def reducing_in(self, key: MarketKey) -> list[Order]:
        """Open reduce-only orders of one market, oldest first."""
        orders = self._reducing.get(key)
        return list(orders.values()) if orders else []

    def relock(self, order: Order) -> None:
        """Hold back what a spot order may still spend."""
        instrument = order.instrument
        need = ZERO
        if order.is_open and not order.is_waiting:
            need = order.leaves * order.price if order.is_buy else order.leaves
        spent = self.coin(instrument.quote if order.is_buy else instrument.base)
        spent.locked += need - order.locked
        order.locked = need

    # Fills

    def fill(
        self,
        order: Order,
        qty: Decimal,
        price: Decimal,
        *,
        is_maker: bool,
        exec_id: str,
        mark_price: Decimal,
        time_ms: int,
        seq: int,
    ) -> None:
        """Book a fill on the order, the position and the wallet."""
        instrument = order.instrument
        value = qty * price
        rate = MAKER_FEE if is_maker else TAKER_FEE
        order.cum_qty += qty
        order.cum_value += value
        order.status = "PartiallyFilled" if (leaves := order.leaves) else "Filled"
        order.updated_ms = time_ms
        if instrument.category == "spot":
            fee, fee_coin = self._exchange_coins(order, qty, value, rate)
            closed, pnl = ZERO, ZERO
        else:
            fee, fee_coin = value * rate, instrument.settle
            position = self.position(instrument, order.position_idx)
            position.mark_price = mark_price
            closed, pnl = self._move_position(position, order, qty, price, fee, time_ms, seq)
        order.cum_fee += fee
        order.fee_coin = fee_coin
        order.closed_pnl += pnl
        execution = Execution(
            order=order,
            exec_id=exec_id,
            qty=qty,
            price=price,
            value=value,
            fee=fee,
            fee_rate=rate,
            fee_coin=fee_coin,
            is_maker=is_maker,
            leaves=leaves,
            order_qty=order.qty,
            order_price=order.price,
            closed_qty=closed,
            pnl=pnl,
            mark_price=text(mark_price) if mark_price else "",
            time_ms=time_ms,
            seq=seq,
        )
        self._record(execution)

    def _note_closed(
        self,
        position: Position,
        order: Order,
        qty: Decimal,
        price: Decimal,
        fee: Decimal,
        closed: Decimal,
        pnl: Decimal,
        time_ms: int,
    ) -> None:
        close_fee, open_fee = position.share_fee(fee, qty, closed)
        if not closed:
            return
        row = self._closing.get(order.order_id)
        if row is None:
            row = self._closing[order.order_id] = ClosedPnl(order=order, created_ms=time_ms)
            self.closed_pnl.append(row)
        value = closed * price
        row.qty += closed
        row.exit_value += value
        row.entry_value += value + pnl if order.is_buy else value - pnl
        row.pnl += pnl
        row.close_fee += close_fee
        row.open_fee += open_fee
        row.fills += 1
        row.updated_ms = time_ms

    def _note_trade(self, execution: Execution) -> None:
        """Write down what an execution did to each coin it touched."""
        order = execution.order
        instrument = order.instrument
        if instrument.category == "spot":
            sign = 1 if order.is_buy else -1
            self._note_cash(execution, instrument.base, sign * execution.qty)
            self._note_cash(execution, instrument.quote, -sign * execution.value)
        else:
            self._note_cash(execution, instrument.settle, execution.pnl)

    def _note_cash(self, execution: Execution, coin: str, flow: Decimal) -> None:
        self.log.append(
            LogEntry(
                number=len(self.log),
                kind="TRADE",
                coin=coin,
                cash_flow=flow,
                fee=execution.fee if coin == execution.fee_coin else ZERO,
                balance=self.coins[coin].balance,
                execution=execution,
            )
        )

    def _record(self, execution: Execution) -> None:
        """Keep an execution where queries find it, and put its row on the stream."""
        order = execution.order
        if order.first_execution < 0:
            order.first_execution = len(self.executions)
        order.last_execution = len(self.executions)
        self.executions.append(execution)
        self._note_trade(execution)
        if self.topics:
            self._untold.append(execution)

    def executions_of(self, order: Order) -> list[Execution]:
        """Every fill of one order, oldest first."""
        if order.first_execution < 0:
            return []
        near = self.executions[order.first_execution : order.last_execution + 1]
        return [execution for execution in near if execution.order is order]

    def _move_position(
        self,
        position: Position,
        order: Order,
        qty: Decimal,
        price: Decimal,
        fee: Decimal,
        time_ms: int,
        seq: int,
    ) -> tuple[Decimal, Decimal]:
        if not position.qty:
            position.created_ms, position.realised_now = time_ms, ZERO
        closed, pnl = position.apply(qty if order.is_buy else -qty, price)
        net = pnl - fee
        position.realised += net
        position.realised_now += net
        position.updated_ms, position.seq = time_ms, seq
        coin = self.coin(position.settle)
        coin.balance += net
        coin.realised += net
        coin.unrealised += position.revalue()
        self.note_moved(position)
        self._touched_positions[position.symbol, position.idx] = position
        self._touched_coins[position.settle] = coin
        self._note_closed(position, order, qty, price, fee, closed, pnl, time_ms)
        return closed, pnl

    def _exchange_coins(
        self, order: Order, qty: Decimal, value: Decimal, rate: Decimal
    ) -> tuple[Decimal, str]:
        instrument = order.instrument
        base, quote = self.coin(instrument.base), self.coin(instrument.quote)
        self._touched_coins[instrument.base] = base
        self._touched_coins[instrument.quote] = quote
        if order.is_buy:
            fee, fee_coin = qty * rate, instrument.base
            base.balance += qty - fee
            quote.balance -= value
        else:
            fee, fee_coin = value * rate, instrument.quote
            base.balance -= qty
            quote.balance += value - fee
        self.relock(order)
        return fee, fee_coin

    # What to tell the owner

    def tell(self, order: Order) -> None:
        """Put the order, as it is now, on the stream; it is written when the answer has left."""
        self._needs.orders[order.order_id] = order
        if self.topics:
            self._untold.append(copy(order))

    @property
    def has_news(self) -> bool:
        """True when orders or executions have not been told to somebody who listens."""
        return bool(self._untold)

    def take_news(self) -> list[Row]:
        """Orders and executions to be told since the last call, in order."""
        untold, self._untold = self._untold, []
        return [stream_row(item) for item in untold]

    @property
    def is_touched(self) -> bool:
        """True when fills have moved positions or coins and somebody listens who was not told."""
        return bool(self._touched_coins and self.topics)

    def take_touched(self, price_usd: Callable[[str], Decimal]) -> Iterator[list[Row]]:
        """Positions, then the wallet, as they are now, that fills have moved since the last call.

        The wallet is written when the positions have been taken: they may be waited for.
        """
        positions, coins = self._touched_positions, self._touched_coins
        self._touched_positions, self._touched_coins = {}, {}
        margins: Margins | None = None
        if positions:
            if any(position.qty for position in positions.values()):
                margins = self.margins(price_usd)
            rows = []
            for position in positions.values():
                liquidation = None if margins is None else margins.liquidation_price(position)
                row = position_row(position, liquidation, on_stream=True)
                rows.append(Row("position", "linear", position.symbol, row))
            yield rows
        if "wallet" in self.topics:
            margins = margins or self.margins(price_usd)
            held = self.coins.items()
            wallet = wallet_row(held, lambda name, _: name in coins, price_usd, margins)
            yield [Row("wallet", "", "", wallet)]

"""Orders, executions and positions of Bybit v5, from their JSON rows to the engine's reports.

Pure: bytes and rows in, reports out. Rows that cannot be read go to the quarantine, one by one;
a row's unknown extras are ignored and its unknown words become `Other` or the plain default.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from engine.core.reports import (
    BalanceReport,
    FillEvent,
    LinkReport,
    OrderReport,
    PositionReport,
    Report,
    VenueStatus,
)
from engine.core.types import Category, Liquidity, OrderType, Side, TimeInForce
from engine.venues.bybit.ends import ending
from engine.venues.bybit.instruments import SymbolMap
from engine.venues.bybit.names import check_names
from engine.venues.bybit.numbers import amount, millis_to_ns, number, price_or_none
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.rows import (
    Control,
    Envelope,
    ExecutionRow,
    Executions,
    OrderRow,
    Orders,
    PositionRow,
    Positions,
    Wallet,
    WalletRow,
)

PRIVATE_TOPICS = ("order", "execution", "position", "wallet")

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What decoding hostile bytes can raise."""


_STATUS = {
    "New": VenueStatus.NEW,
    "PartiallyFilled": VenueStatus.PARTIALLY_FILLED,
    "Filled": VenueStatus.FILLED,
    "Cancelled": VenueStatus.CANCELED,
    "PartiallyFilledCanceled": VenueStatus.CANCELED,
    "Deactivated": VenueStatus.CANCELED,
    "Rejected": VenueStatus.REJECTED,
    "Untriggered": VenueStatus.UNTRIGGERED,
    "Triggered": VenueStatus.TRIGGERED,
}
_SIDE = {str(side): side for side in Side}
_ORDER_TYPE = {str(kind): kind for kind in OrderType}
_TIME_IN_FORCE = {str(tif): tif for tif in TimeInForce} | {"RPI": TimeInForce.POST_ONLY}

# Executions that change a position. Funding pays money and trades nothing.
_TRADES = frozenset(
    {
        "Trade",
        "AdlTrade",
        "BustTrade",
        "Delivery",
        "Settle",
        "BlockTrade",
        "MovePosition",
        "FutureSpread",
    }
)
_NO_TRADES = frozenset({"Funding"})


class Codec:
    """Reads what the venue sends: `symbols` names markets, unreadable rows go to `quarantine`."""

    def __init__(self, symbols: SymbolMap, quarantine: Quarantine) -> None:
        self._symbols = symbols
        self._quarantine = quarantine
        self._private = msgspec.json.Decoder(Orders | Executions | Positions | Wallet)
        self._envelope = msgspec.json.Decoder(Envelope)
        self._control = msgspec.json.Decoder(Control)
        self._order_row = msgspec.json.Decoder(OrderRow)
        self._execution_row = msgspec.json.Decoder(ExecutionRow)
        self._position_row = msgspec.json.Decoder(PositionRow)
        self._wallet_row = msgspec.json.Decoder(WalletRow)

    def control(self, message: bytes) -> Control | None:
        """Return the message as one about the connection, or None when it is none."""
        try:
            return self._control.decode(message)
        except UNREADABLE:
            return None

    def private(self, message: bytes) -> list[Report] | None:
        """Return the reports of one private message; None when it is not about orders at all.

        A message with an unreadable order or execution also says that the link was down for it:
        what it held can only be learnt by asking again.
        """
        try:
            decoded = self._private.decode(message)
            if isinstance(decoded, Executions):
                return [fill for row in decoded.data if (fill := self.fill(row)) is not None]
            if isinstance(decoded, Orders):
                return [self.order(row) for row in decoded.data]
            if isinstance(decoded, Positions):
                return [found for row in decoded.data if (found := self.position(row)) is not None]
            return []
        except UNREADABLE:
            return self._salvage(message)

    def _salvage(self, message: bytes) -> list[Report] | None:
        try:
            envelope = self._envelope.decode(message)
        except UNREADABLE:
            return None
        topic = envelope.topic
        reports: list[Report] = []
        bad = 0
        readers: dict[str, Callable[[msgspec.Raw], Report | None]] = {
            "order": self.read_order,
            "execution": self.read_fill,
            "position": self.read_position,
        }
        read = readers.get(topic)
        if read is None:
            self._quarantine.note("private_topic", message)
            return []
        for raw in envelope.data:
            try:
                report = read(raw)
            except UNREADABLE:
                self._quarantine.note(f"{topic}_row", bytes(raw))
                bad += 1
            else:
                if report is not None:
                    reports.append(report)
        if bad and topic != "position":
            text = f"{bad} unreadable {topic} rows"
            reports += [LinkReport(link="private", up=False, text=text)]
            reports += [LinkReport(link="private", up=True, text=text)]
        return reports

    def read_order(self, raw: msgspec.Raw, category: str = "") -> OrderReport:
        """Decode one order row. Raises one of UNREADABLE."""
        return self.order(self._order_row.decode(raw), category)

    def read_fill(self, raw: msgspec.Raw, category: str = "") -> FillEvent | None:
        """Decode one execution row; None when it trades nothing. Raises one of UNREADABLE."""
        return self.fill(self._execution_row.decode(raw), category)

    def read_position(self, raw: msgspec.Raw, category: str = "") -> PositionReport | None:
        """Decode one position row; None for the empty half of a hedge. Raises one of UNREADABLE."""
        return self.position(self._position_row.decode(raw), category)

    def read_wallet(self, raw: msgspec.Raw, _category: str = "") -> list[BalanceReport]:
        """Decode the wallet's one row. Raises one of UNREADABLE."""
        coins = self._wallet_row.decode(raw).coin
        check_names("".join(row.coin for row in coins))
        return [
            BalanceReport(coin=row.coin, qty=number(row.wallet_balance or "0")) for row in coins
        ]

    def order(self, row: OrderRow, category: str = "") -> OrderReport:
        """Return one order row as a report. Raises ValueError where it makes no sense."""
        status = _STATUS.get(row.order_status)
        if status is None:
            self._quarantine.note("order_status", row.order_status.encode())
            status = VenueStatus.OTHER
        order_type = _ORDER_TYPE.get(row.order_type or "", OrderType.LIMIT)
        time_in_force = _TIME_IN_FORCE.get(row.time_in_force or "", TimeInForce.GTC)
        cum_qty = amount(row.cum_exec_qty)
        reason = text = ""
        if status is VenueStatus.CANCELED or status is VenueStatus.REJECTED:
            if cum_qty:
                status = VenueStatus.CANCELED  # an order with fills was not rejected
            reason, text = ending(
                row.cancel_type or "", row.reject_reason or "", order_type, time_in_force
            )
        client_order_id = row.order_link_id or ""
        check_names(client_order_id + row.order_id)
        return OrderReport(
            client_order_id=client_order_id,
            exchange_order_id=row.order_id,
            symbol=self._symbols.engine(row.category or category, row.symbol),
            side=_side(row.side),
            status=status,
            qty=amount(row.qty),
            # A market order's row shows the protection price the venue gave it.
            price=None if order_type is OrderType.MARKET else price_or_none(row.price),
            cum_qty=cum_qty,
            avg_price=price_or_none(row.avg_price),
            type=order_type,
            time_in_force=time_in_force,
            reduce_only=bool(row.reduce_only),
            reason=reason,
            text=text,
            ts=millis_to_ns(row.updated_time or row.created_time),
        )

    def fill(self, row: ExecutionRow, category: str = "") -> FillEvent | None:
        """Return one execution as a fill; None when it is not a trade. Raises ValueError."""
        if row.exec_type not in _TRADES:
            if row.exec_type not in _NO_TRADES:
                self._quarantine.note("exec_type", row.exec_type.encode())
            return None
        category = row.category or category
        symbol = self._symbols.engine(category, row.symbol)
        side = _side(row.side)
        qty = amount(row.exec_qty)
        if not qty:
            raise ValueError(f"execution {row.exec_id[:40]!r} has no quantity")
        client_order_id, currency = row.order_link_id or "", row.fee_currency or ""
        check_names(row.exec_id + client_order_id + row.order_id + currency)
        return FillEvent(
            exec_id=row.exec_id,
            client_order_id=client_order_id,
            symbol=symbol,
            side=side,
            qty=qty,
            price=amount(row.exec_price),
            fee=number(row.exec_fee or "0"),
            fee_currency=currency or self._fee_currency(category, symbol, side),
            liquidity=Liquidity.MAKER if row.is_maker else Liquidity.TAKER,
            ts=millis_to_ns(row.exec_time),
            exchange_order_id=row.order_id,
        )

    def position(self, row: PositionRow, category: str = "") -> PositionReport | None:
        """Return one position; None for the empty half of a hedge. Raises ValueError."""
        size = amount(row.size)
        if row.position_idx:
            if size:
                raise ValueError("hedge mode is not supported: set the account to one-way mode")
            return None
        # `side` of a flat position is "", formerly "None".
        return PositionReport(
            symbol=self._symbols.engine(row.category or category, row.symbol),
            qty=_side(row.side).sign * size if size else size,
            avg_price=price_or_none(row.entry_price) or price_or_none(row.avg_price),
            ts=millis_to_ns(row.updated_time),
        )

    def _fee_currency(self, category: str, symbol: str, side: Side) -> str:
        if category != Category.SPOT:
            return self._symbols.settle_coin(symbol)
        base, _, quote = symbol.partition("/")
        return base if side is Side.BUY else quote


def _side(text: str) -> Side:
    side = _SIDE.get(text)
    if side is None:
        raise ValueError(f"side {text[:40]!r} is neither Buy nor Sell")
    return side

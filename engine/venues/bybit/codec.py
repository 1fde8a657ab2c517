"""Orders, executions and positions of Bybit v5, from their JSON rows to the engine's reports.

Pure: bytes and rows in, reports out. Rows that cannot be read go to the quarantine, one by one;
a row's unknown extras are ignored, its unknown words are counted and become `Other` or the plain
default. What a frame or row that could not be read had to say is asked for: `InputLost`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from engine.core.reports import (
    BalanceReport,
    CashReport,
    FillEvent,
    InputLost,
    OrderReport,
    PositionReport,
    Report,
    UnknownExecution,
    VenueStatus,
    WalletReport,
)
from engine.core.types import (
    CashKind,
    Category,
    ExecutionKind,
    Liquidity,
    OrderType,
    Side,
    TimeInForce,
)
from engine.venues.bybit.conditions import attached_of, made_as, trigger_of
from engine.venues.bybit.ends import ending
from engine.venues.bybit.instruments import SymbolMap
from engine.venues.bybit.names import check_names
from engine.venues.bybit.numbers import (
    amount,
    leverage_or_none,
    millis_to_ns,
    number,
    price_or_none,
)
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
    WalletRow,
    Wallets,
)
from engine.venues.bybit.shapes import Shapes
from engine.venues.bybit.strict import MAX_BYTES, refuse_repeated_keys, rows_of
from engine.venues.bybit.wallet import totals_of, wallet_of
from engine.venues.text import sanitise

_Meaning = TypeVar("_Meaning")
_Row = TypeVar("_Row")

SPOT = Category.SPOT
PRIVATE_TOPICS = ("order", "execution", "position")
"""Wallets are asked for with each comparison: their pushes, one a fill, would cost a quarter of an
order's whole way and tell nothing that cannot wait. Whoever listens to them can read them."""

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What decoding hostile bytes can raise."""


class Unreadable(ValueError):
    """A row makes no sense: the one error that the codec raises. The text says what is wrong."""


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

_TRADES = {
    "Trade": ExecutionKind.TRADE,
    "AdlTrade": ExecutionKind.ADL,
    "BustTrade": ExecutionKind.LIQUIDATION,
    "Delivery": ExecutionKind.DELIVERY,
    "Settle": ExecutionKind.SETTLEMENT,
    "BlockTrade": ExecutionKind.BLOCK,
    "MovePosition": ExecutionKind.MOVE,
    "FutureSpread": ExecutionKind.SPREAD,
}
"""Executions that change a position. Funding pays money and trades nothing."""
_FUNDING = "Funding"
_HEDGED: dict[int, Side | None] = {0: None, 1: Side.BUY, 2: Side.SELL}
"""Which side a position is on by its index; in one-way mode it may be either."""


Execution = FillEvent | CashReport | UnknownExecution
"""What an execution row can be."""


class Codec:
    """Reads what the venue sends: `symbols` names markets, unreadable rows go to `quarantine`."""

    def __init__(self, symbols: SymbolMap, quarantine: Quarantine) -> None:
        self._symbols = symbols
        self._quarantine = quarantine
        self._shapes = Shapes()
        self._private = msgspec.json.Decoder(Orders | Executions | Positions | Wallets)
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
        """Return the reports of one private message; None when it is none. Never raises.

        A message with an unreadable order or execution also says `InputLost`.
        """
        if len(message) > MAX_BYTES:
            self._quarantine.note("oversized", message, f"a frame of {len(message)} bytes")
            return [InputLost(text="a frame too large to read")]
        try:
            known = self._shapes.read(message)
            topic, rows = known if known is not None else self._read_with_care(message)
            if topic == "execution":
                return [self.execution(row) for row in rows]
            if topic == "order":
                return [self.order(row) for row in rows]
            if topic == "position":
                return [self.position(row) for row in rows]
            return [totals_of(row) for row in rows]
        except UNREADABLE:
            return self._salvage(message)

    def _read_with_care(self, message: bytes) -> tuple[str, Sequence[Any]]:
        """Topic and rows of a message in which no key is given twice.

        Raises what `UNREADABLE` lists.
        """
        decoded = self._private.decode(message)
        refuse_repeated_keys(message)
        topic = str(decoded.__struct_config__.tag)
        self._shapes.learn(topic, message)
        return topic, decoded.data

    def _salvage(self, message: bytes) -> list[Report] | None:
        try:
            topic, rows = self._rows(message)
        except UNREADABLE:
            return None
        reports: list[Report] = []
        bad = 0
        readers: dict[str, Callable[[msgspec.Raw], Report | None]] = {
            "order": self.read_order,
            "execution": self.read_execution,
            "position": self.read_position,
            "wallet": self.read_totals,
        }
        read = readers.get(topic)
        if read is None:
            self._quarantine.note("private_topic", message)
            return []
        for raw in rows:
            try:
                report = read(msgspec.Raw(raw))
            except Unreadable as error:
                self._quarantine.note(f"{topic}_row", raw, error)
                bad += 1
            else:
                if report is not None:
                    reports.append(report)
        if bad and topic in ("order", "execution"):
            reports.append(InputLost(text=f"{bad} unreadable {topic} rows"))
        return reports

    def _rows(self, message: bytes) -> tuple[str, list[bytes]]:
        """The rows of a message as they came, or as nearly so as they can be made out."""
        topic, rows = rows_of(message)
        try:
            return topic, [bytes(raw) for raw in self._envelope.decode(message).data]
        except UNREADABLE:
            return topic, rows

    def read_order(self, raw: msgspec.Raw, category: str = "") -> OrderReport:
        """Decode one order row. Raises Unreadable."""
        return _read(self._order_row, self.order, raw, category)

    def read_execution(self, raw: msgspec.Raw, category: str = "") -> Execution:
        """Decode one execution row. Raises Unreadable."""
        return _read(self._execution_row, self.execution, raw, category)

    def read_position(self, raw: msgspec.Raw, category: str = "") -> PositionReport:
        """Decode one position row. Raises Unreadable."""
        return _read(self._position_row, self.position, raw, category)

    def read_wallet(
        self, raw: msgspec.Raw, category: str = ""
    ) -> tuple[list[BalanceReport], WalletReport]:
        """Decode the wallet's one row: its coins and its totals. Raises Unreadable."""
        return _read(self._wallet_row, wallet_of, raw, category)

    def read_totals(self, raw: msgspec.Raw, category: str = "") -> WalletReport:
        """Decode the totals of one wallet row. Raises Unreadable."""
        return _read(self._wallet_row, totals_of, raw, category)

    def order(self, row: OrderRow, category: str = "") -> OrderReport:
        """Return one order row as a report. Raises ValueError where it makes no sense."""
        status = self._word(_STATUS, row.order_status, "order_status", VenueStatus.OTHER)
        order_type = self._word(_ORDER_TYPE, row.order_type, "order_type", OrderType.LIMIT)
        time_in_force = self._word(
            _TIME_IN_FORCE, row.time_in_force, "time_in_force", TimeInForce.GTC
        )
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
        side = _side(row.side)
        ts = millis_to_ns(row.updated_time or row.created_time)
        if not ts:
            raise ValueError("an order row without a time cannot be told from an older one")
        return OrderReport(
            client_order_id=client_order_id,
            exchange_order_id=row.order_id,
            symbol=self._symbols.engine(row.category or category, row.symbol),
            side=side,
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
            ts=ts,
            position_index=row.position_idx or 0,
            trigger=trigger_of(row, side) if row.trigger_price else None,
            attached=attached_of(row) if row.take_profit or row.stop_loss else None,
            made_as=made_as(row),
        )

    def execution(self, row: ExecutionRow, category: str = "") -> Execution:
        """Return one execution as what it is: a trade, money, or unknown. Raises ValueError."""
        kind = _TRADES.get(row.exec_type)
        if kind is not None:
            return self._fill(row, row.category or category, kind)
        if row.exec_type == _FUNDING:
            return self._funding(row, row.category or category)
        self._quarantine.note("exec_type", msgspec.json.encode(row))
        check_names(row.exec_id)
        return UnknownExecution(
            exec_id=row.exec_id,
            symbol=self._symbols.engine(row.category or category, row.symbol),
            exec_type=sanitise(row.exec_type, 40),
        )

    def _fill(self, row: ExecutionRow, category: str, kind: ExecutionKind) -> FillEvent:
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
            ts=(executed_ns := millis_to_ns(row.exec_time)),
            exchange_order_id=row.order_id,
            exec_ts=executed_ns,
            seq=row.seq or 0,
            kind=kind,
            fee_assumed=not row.exec_fee,
            # What a spot sale gained is nothing that the venue keeps.
            venue_pnl=number(row.exec_pnl) if row.exec_pnl and category != SPOT else None,
        )

    def _funding(self, row: ExecutionRow, category: str) -> CashReport:
        """Funding is told as a fee: positive when paid."""
        symbol = self._symbols.engine(category, row.symbol)
        currency = row.fee_currency or self._symbols.settle_coin(symbol)
        check_names(row.exec_id + currency)
        return CashReport(
            cash_id=row.exec_id,
            currency=currency,
            kind=CashKind.FUNDING,
            amount=-number(row.exec_fee or "0"),
            symbol=symbol,
            ts=millis_to_ns(row.exec_time),
        )

    def position(self, row: PositionRow, category: str = "") -> PositionReport:
        """Return one position, or one side of a hedge. Raises ValueError."""
        size, index = amount(row.size), row.position_idx
        # `side` of a flat position is "", formerly "None".
        side = _side(row.side) if size else None
        if index not in _HEDGED or _HEDGED[index] not in (None, side or _HEDGED[index]):
            raise ValueError(f"positionIdx {index} with side {row.side[:40]!r}")
        return PositionReport(
            symbol=self._symbols.engine(row.category or category, row.symbol),
            qty=size if side is None else side.sign * size,
            position_index=index,
            avg_price=price_or_none(row.entry_price) or price_or_none(row.avg_price),
            ts=millis_to_ns(row.updated_time),
            leverage=leverage_or_none(row.leverage),
            liq_price=price_or_none(row.liq_price),
        )

    def _word(
        self, words: Mapping[str, _Meaning], word: str | None, kind: str, default: _Meaning
    ) -> _Meaning:
        """What the venue's word means; one that nobody knows is counted and is the default."""
        meaning = words.get(word or "")
        if meaning is not None:
            return meaning
        if word:
            self._quarantine.note(kind, word.encode())
        return default

    def _fee_currency(self, category: str, symbol: str, side: Side) -> str:
        if category != Category.SPOT:
            return self._symbols.settle_coin(symbol)
        base, _, quote = symbol.partition("/")
        return base if side is Side.BUY else quote


def _read(
    decoder: msgspec.json.Decoder[_Row],
    build: Callable[[_Row, str], _Meaning],
    raw: msgspec.Raw,
    category: str,
) -> _Meaning:
    try:
        refuse_repeated_keys(raw)
        return build(decoder.decode(raw), category)
    except UNREADABLE as error:
        raise Unreadable(str(error)) from None


def _side(text: str) -> Side:
    side = _SIDE.get(text)
    if side is None:
        raise ValueError(f"side {text[:40]!r} is neither Buy nor Sell")
    return side

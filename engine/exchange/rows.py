"""Builds the venue's rows from what the exchange keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from msgspec import UNSET, Struct

from engine.exchange.conditions import FALLS, RISES, Condition
from engine.exchange.margin import MAINTENANCE_RATE, Margins
from engine.exchange.numbers import ZERO, average, money, text
from engine.exchange.orders import Attached, ClosedPnl, Execution, LogEntry, Order
from engine.exchange.positions import Position
from engine.exchange.wire import (
    ClosedPnlRow,
    CoinRow,
    ExecutionRow,
    LogRow,
    OrderRow,
    PositionRow,
    WalletRow,
)


class Row(Struct, frozen=True, gc=False):
    """A row for the private stream; `category` is empty where the topic has none."""

    kind: str
    category: str
    symbol: str
    row: object


def stream_row(item: Order | Execution) -> Row:
    """An order or a fill for the private stream."""
    order = item if isinstance(item, Order) else item.order
    category, symbol = order.instrument.category, order.instrument.symbol
    if isinstance(item, Order):
        return Row("order", category, symbol, order_row(item, on_stream=True))
    return Row("execution", category, symbol, execution_row(item, on_stream=True))


def order_row(order: Order, *, on_stream: bool) -> OrderRow:
    """An order as it stands now."""
    instrument = order.instrument
    is_spot = instrument.category == "spot"
    leaves = order.leaves if order.is_open else ZERO
    fee = text(order.cum_fee)
    row = OrderRow(
        category=instrument.category if on_stream else UNSET,
        symbol=instrument.symbol,
        orderId=order.order_id,
        orderLinkId=order.link_id,
        side=order.side,
        positionIdx=order.position_idx,
        orderStatus=order.status,
        createType=UNSET if is_spot else order.create_type,
        cancelType=order.cancel_type,
        rejectReason=order.reject_reason,
        timeInForce=order.time_in_force,
        isLeverage="0" if is_spot else "",
        price=text(order.price),
        qty=order.value or text(order.qty),
        avgPrice=average(order.cum_value / order.cum_qty) if order.cum_qty else "",
        leavesQty=text(leaves) if leaves else "0",
        leavesValue=text(leaves * order.price) if leaves else "0",
        cumExecQty=text(order.cum_qty),
        cumExecValue=text(order.cum_value),
        cumExecFee=fee,
        cumFeeDetail={order.fee_coin: fee} if order.fee_coin else {},
        closedPnl=money(order.closed_pnl) if on_stream else UNSET,
        orderType=order.order_type,
        lastPriceOnCreated=UNSET if is_spot else order.last_price_on_created,
        basePrice=order.last_price_on_created if is_spot else UNSET,
        reduceOnly=order.reduce_only,
        tpslMode=UNSET if is_spot else "",
        marketUnit=order.market_unit,
        createdTime=str(order.created_ms),
        updatedTime=str(order.updated_ms),
        feeCurrency=(order.fee_coin if is_spot else "") if on_stream else UNSET,
    )
    if order.condition is not None:
        _write_condition(row, order, order.condition)
    if order.slippage is not None:
        row.slippageToleranceType = order.slippage.kind
        row.slippageTolerance = text(order.slippage.value)
    if order.attached is not None:
        _write_attached(row, order.attached)
    return row


def _write_condition(row: OrderRow, order: Order, condition: Condition) -> None:
    row.triggerPrice = text(condition.price)
    row.triggerDirection = RISES if condition.rises else FALLS
    row.triggerBy = condition.by
    row.stopOrderType = order.stop_order_type
    row.closeOnTrigger = order.close_on_trigger


def _write_attached(row: OrderRow, attached: Attached) -> None:
    profit, loss = attached.take_profit, attached.stop_loss
    if profit is not None:
        row.takeProfit = text(profit.condition.price)
        row.tpTriggerBy, row.tpLimitPrice = profit.condition.by, text(profit.limit)
    if loss is not None:
        row.stopLoss = text(loss.condition.price)
        row.slTriggerBy, row.slLimitPrice = loss.condition.by, text(loss.limit)
    if attached.partial:
        row.tpslMode = "Partial"


def execution_row(execution: Execution, *, on_stream: bool) -> ExecutionRow:
    """A fill as it was."""
    order = execution.order
    instrument = order.instrument
    is_spot = instrument.category == "spot"
    return ExecutionRow(
        category=instrument.category if on_stream else UNSET,
        symbol=instrument.symbol,
        closedSize="" if is_spot else text(execution.closed_qty),
        execFee=text(execution.fee),
        execId=execution.exec_id,
        execPrice=text(execution.price),
        execQty=text(execution.qty),
        execValue=text(execution.value),
        feeRate=text(execution.fee_rate),
        markPrice=execution.mark_price,
        leavesQty=text(execution.leaves),
        orderId=order.order_id,
        orderLinkId=order.link_id,
        orderPrice=text(execution.order_price),
        orderQty=text(execution.order_qty),
        orderType=order.order_type,
        stopOrderType=order.stop_order_type or "UNKNOWN",
        createType=order.create_type,
        side=order.side,
        execTime=str(execution.time_ms),
        isLeverage="0" if on_stream else UNSET,
        isMaker=execution.is_maker,
        seq=execution.seq,
        marketUnit=order.market_unit if on_stream else UNSET,
        execPnl=money(execution.pnl) if on_stream else UNSET,
        extraFees=() if on_stream else "",
        feeCurrency=execution.fee_coin,
        feeCoin=execution.fee_coin,
    )


def closed_pnl_row(closed: ClosedPnl) -> ClosedPnlRow:
    """What an order has closed of its position."""
    order = closed.order
    return ClosedPnlRow(
        symbol=order.instrument.symbol,
        orderId=order.order_id,
        side=order.side,
        qty=text(order.qty),
        orderPrice=text(order.price),
        orderType=order.order_type,
        execType=closed.exec_type,
        closedSize=text(closed.qty),
        cumEntryValue=money(closed.entry_value),
        avgEntryPrice=average(closed.entry_value / closed.qty),
        cumExitValue=money(closed.exit_value),
        avgExitPrice=average(closed.exit_value / closed.qty),
        closedPnl=money(closed.pnl - closed.open_fee - closed.close_fee),
        fillCount=str(closed.fills),
        openFee=money(closed.open_fee),
        closeFee=money(closed.close_fee),
        createdTime=str(closed.created_ms),
        updatedTime=str(closed.updated_ms),
    )


def log_row(entry: LogEntry) -> LogRow:
    """One movement of one coin."""
    execution = entry.execution
    order = execution.order
    is_spot = order.instrument.category == "spot"
    return LogRow(
        id=f"{order.order_id}_{entry.number}",
        symbol=order.instrument.symbol,
        category=order.instrument.category,
        side=order.side,
        transactionTime=str(execution.time_ms),
        type=entry.kind,
        qty=text(entry.cash_flow if is_spot else execution.qty),
        currency=entry.coin,
        tradePrice=text(execution.price),
        fee=money(entry.fee),
        cashFlow=money(entry.cash_flow),
        change=money(entry.cash_flow - entry.fee),
        cashBalance=money(entry.balance),
        feeRate=text(execution.fee_rate),
        tradeId=execution.exec_id,
        orderId=order.order_id,
        orderLinkId=order.link_id,
    )


def position_row(
    position: Position, liquidation: Decimal | None, *, on_stream: bool
) -> PositionRow:
    """A position as it stands now, with its liquidation price; flat ones have an empty side."""
    size = abs(position.qty)
    entry = average(position.avg_price)
    value = position.value
    initial = money(value / Decimal(position.leverage))
    maintenance = money(value * MAINTENANCE_RATE)
    return PositionRow(
        positionIdx=position.idx,
        leverage=position.leverage,
        takeProfit=position.take_profit,
        stopLoss=position.stop_loss,
        symbol=position.symbol,
        side="" if not size else "Buy" if position.qty > 0 else "Sell",
        size=text(size) if size else "0",
        avgPrice=UNSET if on_stream else entry,
        entryPrice=entry if on_stream else UNSET,
        positionValue=money(size * position.avg_price),
        markPrice=text(position.mark_price) if position.mark_price else "",
        unrealisedPnl=money(position.unrealised),
        curRealisedPnl=money(position.realised_now),
        cumRealisedPnl=money(position.realised),
        positionIM=initial,
        positionIMByMp=initial,
        positionMM=maintenance,
        positionMMByMp=maintenance,
        liqPrice="" if liquidation is None else money(liquidation),
        createdTime=str(position.created_ms),
        updatedTime=str(position.updated_ms),
        category="linear" if on_stream else UNSET,
        seq=position.seq,
    )


class CoinState:
    """What an account has of one coin."""

    __slots__ = ("balance", "locked", "realised", "unrealised")

    def __init__(self, balance: Decimal = ZERO) -> None:
        self.balance = balance
        self.locked = ZERO
        self.realised = ZERO
        self.unrealised = ZERO

    @property
    def equity(self) -> Decimal:
        """The balance with what open positions have gained or lost."""
        return self.balance + self.unrealised


def wallet_row(
    coins: Iterable[tuple[str, CoinState]],
    shown: Callable[[str, CoinState], bool],
    price_usd: Callable[[str], Decimal],
    margins: Margins,
) -> WalletRow:
    """The whole wallet's totals, and a row for every coin that `shown` accepts."""
    balance_usd = locked_usd = unrealised_usd = ZERO
    rows = []
    for name, coin in coins:
        price = price_usd(name)
        balance_usd += coin.balance * price
        locked_usd += coin.locked * price
        unrealised_usd += coin.unrealised * price
        if shown(name, coin):
            rows.append(_coin_row(name, coin, price, margins))
    equity = money(margins.equity)
    initial, maintenance = money(margins.initial), money(margins.maintenance)
    initial_rate = money(margins.rate(margins.initial))
    maintenance_rate = money(margins.rate(margins.maintenance))
    return WalletRow(
        accountIMRate=initial_rate,
        accountIMRateByMp=initial_rate,
        accountMMRate=maintenance_rate,
        accountMMRateByMp=maintenance_rate,
        totalEquity=equity,
        totalWalletBalance=money(balance_usd),
        totalMarginBalance=equity,
        totalAvailableBalance=money(max(ZERO, margins.equity - margins.initial - locked_usd)),
        totalPerpUPL=money(unrealised_usd),
        totalInitialMargin=initial,
        totalInitialMarginByMp=initial,
        totalMaintenanceMargin=maintenance,
        totalMaintenanceMarginByMp=maintenance,
        coin=rows,
    )


def _coin_row(name: str, coin: CoinState, price: Decimal, margins: Margins) -> CoinRow:
    margin = margins.of_coin(name)
    return CoinRow(
        coin=name,
        equity=money(coin.equity),
        usdValue=money(coin.equity * price),
        walletBalance=money(coin.balance),
        totalOrderIM=money(margin.order_initial),
        totalPositionIM=money(margin.position_initial),
        totalPositionMM=money(margin.maintenance),
        unrealisedPnl=money(coin.unrealised),
        cumRealisedPnl=money(coin.realised),
        locked=money(coin.locked),
    )

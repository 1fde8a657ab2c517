"""Rows and messages in the venue's spelling; every number in them is a string.

`UNSET` fields are left out: which keys a row carries depends on the category and on whether it
goes over REST or a stream, and clients tell the categories apart by just that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, Struct, UnsetType

encode = msgspec.json.Encoder().encode

NOTHING: Mapping[str, object] = {}


class Envelope(Struct, gc=False):
    """A REST reply. `time` is unix ms."""

    retCode: int
    retMsg: str
    result: object
    retExtInfo: object
    time: int


class Push(Struct, gc=False):
    """A message of the private stream. `creationTime` is unix ms."""

    id: str
    topic: str
    creationTime: int
    data: Sequence[object]


class FastPush(Struct, gc=False):
    """A message of the `execution.fast` topics, which has no id."""

    topic: str
    creationTime: int
    data: Sequence[object]


class FastExecutionRow(Struct, kw_only=True, gc=False):
    """A fill without its fee; `orderLinkId` is empty where the fill was a maker's."""

    category: str | UnsetType
    symbol: str
    execId: str
    execPrice: str
    execQty: str
    orderId: str
    isMaker: bool
    orderLinkId: str
    side: str
    execTime: str
    seq: int


class OrderIds(Struct, gc=False):
    """Which order a request was about."""

    orderId: str
    orderLinkId: str


class OrderRow(Struct, kw_only=True, gc=False):
    """An order, as `order/realtime`, `order/history` and the `order` topic show it."""

    category: str | UnsetType = UNSET  # stream only
    symbol: str
    orderId: str
    orderLinkId: str
    parentOrderLinkId: str = ""
    blockTradeId: str = ""
    side: str
    positionIdx: int = 0
    orderStatus: str
    createType: str | UnsetType = UNSET  # derivatives only
    cancelType: str
    rejectReason: str
    timeInForce: str
    isLeverage: str
    price: str
    qty: str
    avgPrice: str
    leavesQty: str
    leavesValue: str
    cumExecQty: str
    cumExecValue: str
    cumExecFee: str
    cumFeeDetail: Mapping[str, str]
    closedPnl: str | UnsetType = UNSET  # stream only
    orderType: str
    stopOrderType: str = ""
    orderIv: str = ""
    triggerPrice: str = ""
    takeProfit: str = ""
    stopLoss: str = ""
    ocoTriggerBy: str = ""
    triggerBy: str = ""
    tpTriggerBy: str = ""
    slTriggerBy: str = ""
    triggerDirection: int = 0
    placeType: str = ""
    lastPriceOnCreated: str | UnsetType = UNSET  # derivatives only
    basePrice: str | UnsetType = UNSET  # spot only
    closeOnTrigger: bool = False
    reduceOnly: bool
    smpGroup: int = 0
    smpType: str = "None"
    smpOrderId: str = ""
    slLimitPrice: str = "0"
    tpLimitPrice: str = "0"
    tpslMode: str | UnsetType = UNSET  # derivatives only: clients know spot by its absence
    marketUnit: str
    slippageToleranceType: str = "UNKNOWN"
    slippageTolerance: str = "0"
    extraFees: str = ""
    createdTime: str
    updatedTime: str
    feeCurrency: str | UnsetType = UNSET  # stream only


class ExecutionRow(Struct, kw_only=True, gc=False):
    """A fill, as `execution/list` and the `execution` topic show it."""

    category: str | UnsetType = UNSET  # stream only
    symbol: str
    closedSize: str
    execFee: str
    execFeeV2: str = ""
    execId: str
    execPrice: str
    execQty: str
    execType: str = "Trade"
    execValue: str
    feeRate: str
    tradeIv: str = ""
    markIv: str = ""
    blockTradeId: str = ""
    markPrice: str
    indexPrice: str = ""
    underlyingPrice: str = ""
    leavesQty: str
    orderId: str
    orderLinkId: str
    orderPrice: str
    orderQty: str
    orderType: str
    stopOrderType: str = "UNKNOWN"
    side: str
    execTime: str
    isLeverage: str | UnsetType = UNSET  # stream only
    isMaker: bool
    seq: int
    marketUnit: str | UnsetType = UNSET  # stream only
    execPnl: str | UnsetType = UNSET  # stream only
    createType: str = "CreateByUser"
    extraFees: object = ""  # text over REST, a list on the stream
    feeCurrency: str
    feeCoin: str  # not in the venue's docs; clients read it all the same


class PositionRow(Struct, kw_only=True, gc=False):
    """A position. The average is `avgPrice` over REST and `entryPrice` on the stream."""

    positionIdx: int = 0
    tradeMode: int = 0
    riskId: int = 1
    riskLimitValue: str = "0"
    symbol: str
    side: str
    size: str
    avgPrice: str | UnsetType = UNSET
    entryPrice: str | UnsetType = UNSET
    leverage: str
    breakEvenPrice: str = ""
    positionValue: str
    positionBalance: str = "0"
    markPrice: str
    positionIM: str
    positionIMByMp: str
    positionMM: str
    positionMMByMp: str
    takeProfit: str = "0"
    stopLoss: str = "0"
    trailingStop: str = "0"
    unrealisedPnl: str
    curRealisedPnl: str
    cumRealisedPnl: str
    sessionAvgPrice: str = "0"
    createdTime: str
    updatedTime: str
    tpslMode: str = "Full"
    liqPrice: str
    bustPrice: str = ""
    category: str | UnsetType = UNSET  # stream only
    positionStatus: str = "Normal"
    adlRankIndicator: int = 0
    autoAddMargin: int = 0
    leverageSysUpdatedTime: str = ""
    mmrSysUpdatedTime: str = ""
    seq: int
    isReduceOnly: bool = False


class CoinRow(Struct, kw_only=True, gc=False):
    """One coin of the wallet."""

    coin: str
    equity: str
    usdValue: str
    walletBalance: str
    availableToWithdraw: str = ""
    availableToBorrow: str = ""
    borrowAmount: str = "0"
    accruedInterest: str = "0"
    totalOrderIM: str
    totalPositionIM: str
    totalPositionMM: str
    unrealisedPnl: str
    cumRealisedPnl: str
    bonus: str = "0"
    collateralSwitch: bool = True
    marginCollateral: bool = True
    locked: str
    spotHedgingQty: str = "0"
    spotBorrow: str = "0"


class WalletRow(Struct, kw_only=True, gc=False):
    """The unified account; totals are in USD."""

    accountIMRate: str
    accountIMRateByMp: str
    accountMMRate: str
    accountMMRateByMp: str
    totalEquity: str
    totalWalletBalance: str
    totalMarginBalance: str
    totalAvailableBalance: str
    totalPerpUPL: str
    totalInitialMargin: str
    totalInitialMarginByMp: str
    totalMaintenanceMargin: str
    totalMaintenanceMarginByMp: str
    coin: Sequence[CoinRow]
    accountLTV: str = "0"
    accountType: str = "UNIFIED"


class ClosedPnlRow(Struct, kw_only=True, gc=False):
    """What one order closed of a position; `closedPnl` is after both fees."""

    symbol: str
    orderId: str
    side: str
    qty: str
    orderPrice: str
    orderType: str
    execType: str
    closedSize: str
    cumEntryValue: str
    avgEntryPrice: str
    cumExitValue: str
    avgExitPrice: str
    closedPnl: str
    fillCount: str
    leverage: str = "10"
    openFee: str
    closeFee: str
    createdTime: str
    updatedTime: str


class LogRow(Struct, kw_only=True, gc=False):
    """One movement of one coin; `change` is cashFlow + funding - fee."""

    id: str
    symbol: str
    category: str
    side: str
    transactionTime: str
    type: str
    transSubType: str = ""
    qty: str
    size: str = ""
    currency: str
    tradePrice: str
    funding: str = ""
    fee: str
    cashFlow: str
    change: str
    cashBalance: str
    feeRate: str
    bonusChange: str = ""
    tradeId: str
    orderId: str
    orderLinkId: str
    extraFees: str = ""

"""The shapes of Bybit's private messages and query rows; only the fields that the engine reads.

Numbers stay text here: numbers.py turns them into Decimals or refuses them. A field that is not
required may be missing, null or empty, which all mean the same.
"""

from __future__ import annotations

import msgspec


class OrderRow(msgspec.Struct, rename="camel", kw_only=True, gc=False):
    """One order, from the `order` topic or a query. In the stream's order: decodes fastest."""

    category: str = ""
    symbol: str
    order_id: str
    order_link_id: str | None = ""
    side: str
    order_status: str
    cancel_type: str | None = ""
    reject_reason: str | None = ""
    time_in_force: str | None = ""
    price: str | None = ""
    qty: str
    avg_price: str | None = ""
    cum_exec_qty: str | None = ""
    order_type: str | None = ""
    position_idx: int | None = 0
    reduce_only: bool | None = False
    create_type: str | None = ""
    stop_order_type: str | None = ""
    trigger_price: str | None = ""
    take_profit: str | None = ""
    stop_loss: str | None = ""
    trigger_by: str | None = ""
    tp_trigger_by: str | None = ""
    sl_trigger_by: str | None = ""
    trigger_direction: int | None = 0
    sl_limit_price: str | None = ""
    tp_limit_price: str | None = ""
    tpsl_mode: str | None = ""
    created_time: str | None = ""
    updated_time: str | None = ""


class ExecutionRow(msgspec.Struct, rename="camel", kw_only=True, gc=False):
    """One execution, from the `execution` topic or execution/list. In the stream's order."""

    category: str = ""
    symbol: str
    exec_fee: str | None = ""
    exec_id: str
    exec_price: str
    exec_qty: str
    exec_type: str = "Trade"
    order_id: str
    order_link_id: str | None = ""
    side: str
    exec_time: str
    is_maker: bool = False
    seq: int | None = 0
    exec_pnl: str | None = ""
    fee_currency: str | None = ""


class PositionRow(msgspec.Struct, rename="camel", gc=False):
    """One position; the stream says `entryPrice` where the query says `avgPrice`."""

    symbol: str
    side: str
    size: str
    category: str = ""
    position_idx: int = 0
    avg_price: str | None = ""
    entry_price: str | None = ""
    leverage: str | None = ""
    liq_price: str | None = ""
    updated_time: str | None = ""


class CoinRow(msgspec.Struct, rename="camel", gc=False):
    """One coin of the wallet."""

    coin: str
    wallet_balance: str | None = ""


class WalletRow(msgspec.Struct, rename="camel", gc=False):
    """The unified account's wallet; margin is empty in isolated mode."""

    coin: list[CoinRow]
    total_equity: str | None = ""
    total_margin_balance: str | None = ""
    total_initial_margin: str | None = ""
    total_maintenance_margin: str | None = ""


class Orders(msgspec.Struct, tag_field="topic", tag="order"):
    data: list[OrderRow]


class Executions(msgspec.Struct, tag_field="topic", tag="execution"):
    data: list[ExecutionRow]


class Positions(msgspec.Struct, tag_field="topic", tag="position"):
    data: list[PositionRow]


class Wallets(msgspec.Struct, tag_field="topic", tag="wallet"):
    data: list[WalletRow]


class Envelope(msgspec.Struct):
    topic: str
    data: list[msgspec.Raw]


class Control(msgspec.Struct):
    """A message about the connection itself: the answer to auth, subscribe or ping."""

    op: str
    success: bool | None = None
    ret_msg: str = ""

"""What an account begins with: the positions and orders of an earlier life of the exchange."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.exchange.conditions import Condition
from engine.exchange.matching import Market
from engine.exchange.numbers import ZERO
from engine.exchange.orders import Attached, Order


class SeedPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A position to begin with; `qty` is signed. On spot it is a holding of the base coin."""

    category: str
    symbol: str
    qty: Decimal
    avg_price: Decimal = ZERO
    idx: int = 0


class SeedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a derivative market is set to, to begin with; an empty leverage is the default."""

    category: str
    symbol: str
    hedged: bool = False
    leverage: str = ""


class SeedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An open order to begin with; `qty` is its total, of which `cum_qty` is filled.

    One with a `condition` waits for it; a price of zero is a market order's. `protects` says of
    which kind it is where it protects a position: TakeProfit, StopLoss, or a partial one.
    """

    category: str
    symbol: str
    order_id: str
    link_id: str
    side: str
    price: Decimal
    qty: Decimal
    cum_qty: Decimal = ZERO
    avg_price: Decimal = ZERO
    time_in_force: str = "GTC"
    reduce_only: bool = False
    position_idx: int = 0
    created_ms: int = 0
    condition: Condition | None = None
    attached: Attached | None = None
    protects: str = ""


def seeded_order(seed: SeedOrder, api_key: str, market: Market) -> Order:
    """The order as the exchange keeps it."""
    return Order(
        api_key=api_key,
        instrument=market.instrument,
        order_id=seed.order_id,
        link_id=seed.link_id,
        is_buy=seed.side == "Buy",
        order_type="Limit" if seed.price else "Market",
        time_in_force=seed.time_in_force,
        qty=seed.qty,
        price=seed.price,
        reduce_only=seed.reduce_only,
        position_idx=seed.position_idx,
        condition=seed.condition,
        attached=seed.attached,
        covered=seed.cum_qty,
        close_on_trigger=bool(seed.protects),
        stop_order_type=seed.protects or ("" if seed.condition is None else "Stop"),
        create_type=f"CreateBy{seed.protects}" if seed.protects else "CreateByUser",
        created_ms=seed.created_ms,
        updated_ms=seed.created_ms,
        status="PartiallyFilled" if seed.cum_qty else "New",
        cum_qty=seed.cum_qty,
        cum_value=seed.cum_qty * seed.avg_price,
    )

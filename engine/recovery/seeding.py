"""What a fresh simulated exchange begins with: the positions and open orders that were left."""

from __future__ import annotations

from engine.core.orders.state import Order
from engine.core.orders.terms import Exit, Trigger, TriggerDirection
from engine.core.plain import decimal_text
from engine.core.state import State
from engine.core.types import VENUE, ZERO, Side, TimeInForce
from engine.exchange import (
    Exchange,
    SeedAttached,
    SeedCondition,
    SeedExit,
    SeedOrder,
    SeedPosition,
    SeedSettings,
)

RESTING = frozenset({TimeInForce.GTC, TimeInForce.POST_ONLY})


def seed_exchange(exchange: Exchange, api_key: str, state: State, now_ns: int) -> None:
    """Put recovered positions and open orders into a fresh exchange.

    Orders that were never acknowledged are left out: the exchange they were on their way to is
    gone. So are those that never rest: what they did not fill at once was cancelled.
    """
    positions = [
        SeedPosition(
            category=state.instruments[position.symbol].category,
            symbol=state.instruments[position.symbol].venue_symbol,
            qty=position.qty,
            avg_price=position.avg_entry_price or ZERO,
            idx=position.index,
        )
        for position in state.positions.positions.values()
        if position.qty
    ]
    orders = [
        _seed_order(state, order, now_ns)
        for order in state.orders.open_orders()
        if order.exchange_order_id and (order.is_waiting or _rests(order))
    ]
    settings = [
        SeedSettings(
            category=state.instruments[symbol].category,
            symbol=state.instruments[symbol].venue_symbol,
            hedged=market.hedged,
            leverage="" if market.leverage is None else decimal_text(market.leverage),
        )
        for symbol, market in state.settings.items()
    ]
    exchange.seed_account(api_key, positions=positions, orders=orders, settings=settings)


def _rests(order: Order) -> bool:
    return order.price is not None and order.time_in_force in RESTING


def _seed_order(state: State, order: Order, now_ns: int) -> SeedOrder:
    attached = order.attached
    return SeedOrder(
        category=state.instruments[order.symbol].category,
        symbol=state.instruments[order.symbol].venue_symbol,
        order_id=order.exchange_order_id,
        link_id="" if order.is_external else order.client_order_id,
        side=order.side,
        price=order.price or ZERO,
        qty=order.qty,
        cum_qty=order.cum_qty,
        avg_price=order.avg_price or ZERO,
        time_in_force=TimeInForce.POST_ONLY if order.post_only else order.time_in_force,
        reduce_only=order.reduce_only,
        position_idx=order.position_index,
        # A recorded market begins anew, and nothing in it is from its future.
        created_ms=min(order.created_ts, now_ns) // 1_000_000,
        condition=_condition(order.trigger) if order.is_waiting else None,
        attached=None
        if attached is None
        else SeedAttached(
            take_profit=_exit(attached.take_profit, rises=order.side is Side.BUY),
            stop_loss=_exit(attached.stop_loss, rises=order.side is not Side.BUY),
            partial=attached.partial,
        ),
        protects=order.by.removeprefix(VENUE) if order.is_venue_made else "",
    )


def _condition(trigger: Trigger | None) -> SeedCondition | None:
    if trigger is None:
        return None
    rises = trigger.direction is TriggerDirection.RISES
    return SeedCondition(price=trigger.price, rises=rises, by=trigger.by)


def _exit(out: Exit | None, *, rises: bool) -> SeedExit | None:
    if out is None:
        return None
    condition = SeedCondition(price=out.price, rises=rises, by=out.by)
    return SeedExit(condition=condition, limit=out.limit_price or ZERO)

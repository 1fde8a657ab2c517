"""How many orders an account may have open at once, as the venue counts them."""

from __future__ import annotations

from typing import NamedTuple

from engine.exchange.account import Account
from engine.exchange.checks import refusal
from engine.exchange.instruments import Instrument


class Ceilings(NamedTuple):
    """The most that may be open; of the venue by default.

    `active` and `conditional` (those that wait for a trigger price) are of one perpetual, each
    counted without the other. `spot` is of all spot markets together, whatever the orders are;
    `spot_tpsl` and `spot_conditional` are how many of them may wait in one market.
    """

    active: int = 500
    conditional: int = 10
    spot: int = 500
    spot_tpsl: int = 30
    spot_conditional: int = 30


VENUE = Ceilings()


def create_ceilings(most: int | None) -> Ceilings:
    """`most` for every count there is, the venue's own without it."""
    return VENUE if most is None else Ceilings(*[most] * len(VENUE))


def check_room(
    ceilings: Ceilings, account: Account, instrument: Instrument, order_filter: str, *, waits: bool
) -> None:
    """Raise `Refusal` where one more order is too many."""
    if instrument.category == "spot":
        _check_spot(ceilings, account, instrument, order_filter, waits=waits)
        return
    most = ceilings.conditional if waits else ceilings.active
    orders = account.open_in(instrument.key)
    if len(orders) < most:  # all of them: there is no need to look which
        return
    # What protects a position is the venue's own and takes no room.
    count = sum(
        order.is_waiting == waits and order.create_type == "CreateByUser"
        for order in orders.values()
    )
    if count >= most:
        raise refusal("too_many_waiting" if waits else "too_many", instrument.category)


def _check_spot(
    ceilings: Ceilings, account: Account, instrument: Instrument, order_filter: str, *, waits: bool
) -> None:
    if account.open_count(instrument.category) >= ceilings.spot:
        raise refusal("too_many", instrument.category)
    if not waits:
        return
    is_tpsl = order_filter == "tpslOrder"
    most = ceilings.spot_tpsl if is_tpsl else ceilings.spot_conditional
    kind = "tpslOrder" if is_tpsl else "StopOrder"
    waiting = sum(order.passes(kind) for order in account.open_in(instrument.key).values())
    if waiting >= most:
        raise refusal("too_many_waiting", instrument.category)

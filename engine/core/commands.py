"""What an operator may ask of the engine. A command is a wish; events say what became of it.

Every command carries a `command_id` minted by whoever asks. The same id twice is the same wish:
it is carried out once (design: at most one venue order a command).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.limits import LimitValue
from engine.core.orders.terms import Attached, Slippage, Trigger
from engine.core.types import DriftAction, KillLevel, OrderType, Side, TimeInForce


class _Command(
    msgspec.Struct,
    frozen=True,
    gc=False,
    tag=True,
    tag_field="command",
    kw_only=True,
    omit_defaults=True,
):
    command_id: str
    by: str = "operator"


class PlaceOrder(_Command, frozen=True):
    """Place one order. `price` is None for a market order, which is always IOC.

    With a `trigger` it waits at the venue first. `repeat` says that an order on the same terms as a
    moment ago is meant.
    """

    client_order_id: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal | None = None
    type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    repeat: bool = False
    trigger: Trigger | None = None
    attached: Attached | None = None
    slippage: Slippage | None = None


class AmendOrder(_Command, frozen=True):
    """Change price, total quantity, the price that is waited for; what is None stays."""

    client_order_id: str
    qty: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None


class CancelOrder(_Command, frozen=True):
    """Cancel one order."""

    client_order_id: str


class ReadOrder(_Command, frozen=True):
    """Have one order in memory, to look at it: a retired one is read back from the journal.

    `name` is our id or the venue's.
    """

    name: str

    @property
    def client_order_id(self) -> str:
        """The name, which may be ours."""
        return self.name

    @property
    def exchange_order_id(self) -> str:
        """The name, which may be the venue's."""
        return self.name


class CancelAll(_Command, frozen=True):
    """Cancel every open order that matches: all, one symbol, one side, or the named ones."""

    symbol: str | None = None
    side: Side | None = None
    client_order_ids: tuple[str, ...] | None = None


class Kill(_Command, frozen=True):
    """Stop trading at `level`: latch first, then cancel as the level says."""

    level: KillLevel = KillLevel.KILL
    reason: str = ""


class Release(_Command, frozen=True):
    """Leave HALTED or REDUCING: `account` is typed by a person and must be this account's name.

    With a `symbol` only what was narrowed for that market is released.
    """

    account: str
    reason: str
    symbol: str = ""


class Flatten(_Command, frozen=True):
    """Close every position (or one symbol's) with reduce-only market orders."""

    symbol: str | None = None


class Reconcile(_Command, frozen=True):
    """Compare with the venue now."""


class SettleDrift(_Command, frozen=True):
    """Decide about a difference that nothing explains; `qty` is the one the person looked at.

    `for_s` is how long it is ignored, in seconds; 0 until it changes.
    """

    symbol: str
    action: DriftAction
    qty: Decimal
    reason: str
    for_s: float = 0.0


class ChangeLimit(_Command, frozen=True):
    """Hold to another limit: a tighter one at once, a looser one after a while.

    `key` is one of `RiskLimits`; None turns it off. With a `symbol` it is that market's own.
    """

    key: str
    value: LimitValue
    symbol: str = ""


class ChangeSetting(_Command, frozen=True):
    """Ask the venue for another leverage of a market, or for another position mode: one of them."""

    symbol: str
    leverage: Decimal | None = None
    hedged: bool | None = None


class WithdrawLimit(_Command, frozen=True):
    """Forget a loosening that waits."""

    key: str
    symbol: str = ""


Command = (
    PlaceOrder
    | AmendOrder
    | CancelOrder
    | ReadOrder
    | CancelAll
    | Kill
    | Release
    | Flatten
    | Reconcile
    | SettleDrift
    | ChangeLimit
    | WithdrawLimit
    | ChangeSetting
)

"""Words of the trade: sides, order types, states, and exact numbers.

Members carry the spelling that files, metrics and the wire use (`OrderState.NEW == "New"`), so
an enum and its string compare equal and no table of translations is needed.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum

ZERO = Decimal(0)
NS = 1_000_000_000
"""Nanoseconds in a second."""
NOT_ARRIVED = "NOT_ARRIVED"
"""Why a cancel or an amend is taken back that the venue never refused: it shows no trace of it."""
EXTERNAL = "external"
"""Who placed an order that is not ours: the venue's screens, another program."""
RECOVERED = "recovered"
"""Who placed an order that bears an id of ours and is in no journal: it is ours all the same."""
VENUE = "venue "
"""How it begins who made an order that nobody placed; then comes for what: `venue StopLoss`."""
ORDER_ID_PREFIX = "td-"
"""How the ids of orders begin that a console places."""
FLATTEN_PREFIX = "flat-"
"""How the ids of orders begin that close positions."""


class Side(StrEnum):
    """Direction of an order (FIX tag 54)."""

    BUY = "Buy"
    SELL = "Sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell: what one unit does to a position."""
        return 1 if self is _BUY else -1

    @property
    def opposite(self) -> Side:
        """The side that would undo this one."""
        return Side.SELL if self is Side.BUY else Side.BUY


_BUY = Side.BUY
"""Looking a member up through its class takes 100 ns on Python 3.11; it is needed every order."""


class OrderType(StrEnum):
    """Limit or market (FIX tag 40). A market order is always immediate-or-cancel."""

    LIMIT = "Limit"
    MARKET = "Market"


class TimeInForce(StrEnum):
    """How long an order works (FIX tag 59, with the venues' PostOnly)."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    POST_ONLY = "PostOnly"


class Liquidity(StrEnum):
    """Whether a fill gave liquidity or took it (FIX tag 851)."""

    MAKER = "Maker"
    TAKER = "Taker"


class ExecutionKind(StrEnum):
    """Why a position moved (Bybit `execType`, where it trades)."""

    TRADE = "Trade"
    ADL = "Adl"
    LIQUIDATION = "Liquidation"
    DELIVERY = "Delivery"
    SETTLEMENT = "Settlement"
    BLOCK = "Block"
    MOVE = "Move"
    SPREAD = "Spread"


class CashKind(StrEnum):
    """What money that no execution moved was for."""

    FUNDING = "funding"
    FEE = "fee"
    SETTLEMENT = "settlement"
    OTHER = "other"


class Category(StrEnum):
    """Product family, as the venue divides its markets."""

    LINEAR = "linear"
    INVERSE = "inverse"
    SPOT = "spot"


class OrderState(StrEnum):
    """The state an order shows, base or overlay (FIX tag 39 and its precedence rule)."""

    INITIALIZED = "Initialized"
    DENIED = "Denied"
    PENDING = "Pending"
    UNTRIGGERED = "Untriggered"
    NEW = "New"
    SUSPENDED = "Suspended"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    CANCELED = "Canceled"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    PENDING_CANCEL = "PendingCancel"
    PENDING_REPLACE = "PendingReplace"
    UNKNOWN = "Unknown"

    @property
    def is_closed(self) -> bool:
        """True where nothing is left to work: no quantity of this order can fill as planned."""
        return self in CLOSED_STATES


CLOSED_STATES = frozenset(
    {
        OrderState.DENIED,
        OrderState.FILLED,
        OrderState.CANCELED,
        OrderState.REJECTED,
        OrderState.EXPIRED,
    }
)


class JoinState(StrEnum):
    """How far an engine has come with its venue since it began on its journal."""

    JOINING = "joining"
    JOINED = "joined"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


class TradingState(StrEnum):
    """What the account may do: everything, only reduce, or only cancel and query."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class KillLevel(StrEnum):
    """How far a stop goes. `HALT` latches and cancels nothing; each later one does more."""

    HALT = "halt"
    PAUSE = "pause"
    KILL = "kill"
    KILL_ALL = "kill-all"
    FLATTEN = "flatten"


class DriftKind(StrEnum):
    """What is known about a difference between venue and ledger."""

    PENDING = "pending"
    """Fills are on their way: not compared yet."""
    EXPLAINED = "explained"
    """External orders, or a person's word, account for it."""
    UNEXPLAINED = "unexplained"


class DriftAction(StrEnum):
    """What a person may do about a difference that nothing explains."""

    ADOPT = "adopt"
    """Believe the venue: an adjustment makes the ledger equal."""
    FLATTEN = "flatten"
    """Believe the venue, and close what it holds beyond the ledger."""
    IGNORE = "ignore"
    """Live with it until it changes, or for a time."""


def to_decimal(value: Decimal | int | float | str, name: str = "value") -> Decimal:
    """Return `value` as a finite Decimal; floats go through their shortest repr.

    Raises ValueError naming the field when the text is no number, or is NaN or infinite.
    """
    if type(value) is Decimal and value.is_finite():
        return value  # as nearly every number comes
    if isinstance(value, Decimal):
        number = value
    else:
        try:
            number = Decimal(repr(value) if isinstance(value, float) else value)
        except (InvalidOperation, ValueError, TypeError):
            raise ValueError(f"{name}: {value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{name}: {value!r} is not a finite number")
    return number

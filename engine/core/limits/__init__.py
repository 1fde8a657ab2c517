"""Limits of one account: what the pre-trade checks and the watch compare with.

Amounts are in quote currency, taken as US dollars for the dollar coins. A limit is inclusive: what
reaches it passes, what is beyond it does not. None turns a check off.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.core.types import NS

LimitValue = Decimal | int | bool | tuple[str, ...] | None
"""What any one limit can be; None is off."""


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What an order, a symbol and the account may reach, with everything open at its worst case.

    Keys that end in `_s` are seconds, those that end in `_usd` money, collars and shares fractions
    (0.05 is 5 %). `symbols` holds complete limits for the symbols that have their own; use
    `for_symbol`. Keys without a word on their scope hold for one symbol.
    """

    # What may be traded, and when.
    symbols_allow: tuple[str, ...] | None = None
    """Markets that may be traded, of the account; None is every one there is."""
    reconcile_age_s: Decimal | None = None
    """Age of the last comparison with the venue beyond which only reducing orders pass."""
    quote_age_s: Decimal | None = None
    """Age of the newest market data of a symbol beyond which nothing passes."""
    max_clock_offset_ms: int | None = None
    """How far our clock may be from the venue's; beyond it only reducing orders pass."""

    # One order.
    max_order_qty: Decimal | None = None
    """Quantity of one order; None leaves it to the venue's own maximum."""
    max_order_notional_usd: Decimal = Decimal(1_000_000)
    """Value of one order."""
    max_order_notional_ceiling_usd: Decimal | None = None
    """What `max_order_notional_usd` can be raised to at all, of the account."""
    price_collar: Decimal = Decimal("0.10")
    """How far past the mark an order may reach."""
    mark_age_s: Decimal | None = None
    """Age of the mark beyond which it measures nothing."""
    mark_outlier: Decimal | None = None
    """How far the mark may be from the middle of the book."""
    drift_collar: Decimal | None = None
    """How far past the mark of five minutes ago an order may reach."""
    market_slippage: Decimal | None = None
    """How far from the mark a market order may fill: it is sent as a limit order, IOC."""

    # Positions, with every open order filled.
    max_position_notional_usd: Decimal = Decimal(10_000_000)
    """Value of one symbol's position."""
    max_gross_notional_usd: Decimal | None = None
    """Sum of the account's position values, long and short alike."""
    max_net_notional_usd: Decimal | None = None
    """Value of the account's positions, long against short, on the side that an order adds to."""
    max_leverage: Decimal | None = None
    """Gross value of the account over its equity."""
    max_margin_use: Decimal | None = None
    """Initial margin of the account as a part of its equity."""
    min_liq_distance: Decimal | None = None
    """How near the mark may be to where a position is liquidated; one that is nearer only
    shrinks."""

    # Numbers of orders.
    max_open_orders: int = 2_000
    max_open_orders_symbol: int | None = None
    max_inflight: int | None = None
    """New orders of the account that the venue has not answered yet."""
    max_inflight_symbol: int | None = None
    max_unknown: int | None = None
    """Orders of the account whose fate is unknown."""
    max_unknown_symbol: int | None = None
    orders_per_s: int = 1_000
    """New orders of the account in any second."""
    orders_per_s_symbol: int | None = None
    orders_per_min: int | None = None
    """New orders of the account in any minute."""
    orders_per_day: int | None = None
    """New orders of the account in a UTC day."""
    duplicate_window_s: Decimal | None = None
    """How soon an order on the same terms needs to be marked as meant."""
    repeated_fills: int | None = None
    """Orders of one symbol and side that may fill within a minute; more narrow the symbol."""
    messages_per_fill: int | None = None
    """Messages the venue may get a fill in a UTC day, from the 200th message on."""
    deny_self_trade: bool | None = None
    """Refuse an order that would meet an open order of this account."""
    check_reduce_only: bool | None = None
    """Refuse a reduce-only order that is larger than the position, or on its side."""

    # The watch: what narrows trading by itself.
    daily_loss_usd: Decimal | None = None
    """Loss of the UTC day, fees and open positions included, beyond which orders only reduce."""
    daily_loss_kill_usd: Decimal | None = None
    """Loss of the UTC day beyond which trading halts and entry orders are cancelled."""
    drawdown_kill_usd: Decimal | None = None
    """Fall from the highest P&L beyond which trading halts and entry orders are cancelled."""
    daily_loss_share: Decimal | None = None
    """The same as `daily_loss_usd`, as a part of equity when the day began."""
    daily_loss_kill_share: Decimal | None = None
    """The same as `daily_loss_kill_usd`, as a part of equity when the day began."""
    drawdown_kill_share: Decimal | None = None
    """The same as `drawdown_kill_usd`, as a part of equity when the P&L was highest."""
    liq_kill: Decimal | None = None
    """How near the mark may be to where a position is liquidated before trading halts."""
    reject_burst: int | None = None
    """Rejects of one symbol for one reason within 30 s; as many pause the symbol for 60 s."""
    reject_kill: int | None = None
    """Rejects of the account within 5 min; as many halt it."""
    drift_age_s: Decimal | None = None
    """Age of a drift of more than a step beyond which orders only reduce."""
    drift_kill_s: Decimal | None = None
    """Age of such a drift beyond which trading halts."""
    max_order_age_s: Decimal | None = None
    """Age at which an entry order is cancelled."""
    stop_warn_s: Decimal | None = None
    """How long a position may be without a protective stop before people are warned."""
    stop_require_s: Decimal | None = None
    """How long it may be before only reducing orders pass in its market."""

    # Leaving a halt.
    cool_off_s: Decimal | None = None
    """How long a halt lasts at least."""
    probation_s: Decimal | None = None
    """How long only reducing orders pass after a halt, until a second release."""

    # Changing limits.
    loosen_after_s: Decimal = Decimal(60)
    """How long a loosening waits before it holds, at least."""

    symbols: dict[str, RiskLimits] = {}

    def for_symbol(self, symbol: str) -> RiskLimits:
        """The limits that hold for `symbol`: its own, else the account's."""
        return self.symbols.get(symbol, self)


class LimitChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One limit, of the account or of `symbol`, and what it is to be from `due_ts` (unix ns) on.

    `by` asked for it.
    """

    key: str
    value: LimitValue = None
    symbol: str = ""
    due_ts: int = 0
    by: str = ""


def to_ns(seconds: Decimal | int) -> int:
    """A limit in seconds as nanoseconds."""
    return int(seconds * NS)


PAPER_LIMITS = RiskLimits()
"""Wide: on paper only a venue rule or a configured limit denies an order."""


def _live_limits() -> RiskLimits:
    account = RiskLimits(
        symbols_allow=(),
        reconcile_age_s=Decimal(60),
        quote_age_s=Decimal(2),
        max_clock_offset_ms=500,
        max_order_notional_usd=Decimal(1_000),
        max_order_notional_ceiling_usd=Decimal(10_000),
        price_collar=Decimal("0.03"),
        mark_age_s=Decimal(2),
        mark_outlier=Decimal("0.10"),
        drift_collar=Decimal("0.05"),
        market_slippage=Decimal("0.005"),
        max_position_notional_usd=Decimal(5_000),
        max_gross_notional_usd=Decimal(10_000),
        max_net_notional_usd=Decimal(10_000),
        max_leverage=Decimal(3),
        max_margin_use=Decimal("0.5"),
        min_liq_distance=Decimal("0.15"),
        max_open_orders=100,
        max_open_orders_symbol=20,
        max_inflight=10,
        max_inflight_symbol=3,
        max_unknown=3,
        max_unknown_symbol=2,
        orders_per_s=5,
        orders_per_s_symbol=2,
        orders_per_min=60,
        orders_per_day=5_000,
        duplicate_window_s=Decimal("0.5"),
        repeated_fills=10,
        messages_per_fill=200,
        check_reduce_only=True,
        reject_burst=5,
        reject_kill=20,
        drift_age_s=Decimal(10),
        drift_kill_s=Decimal(60),
        max_order_age_s=Decimal(24 * 3_600),
        stop_warn_s=Decimal(10),
        cool_off_s=Decimal(60),
        probation_s=Decimal(300),
    )
    account = _stopped_by_losses(account)
    majors = msgspec.structs.replace(account, price_collar=Decimal("0.01"))
    symbols = dict.fromkeys(("BTCUSDT", "ETHUSDT"), majors)
    return msgspec.structs.replace(account, symbols=symbols)


def _stopped_by_losses(limits: RiskLimits) -> RiskLimits:
    return msgspec.structs.replace(
        limits,
        # Whichever is reached first: the shares are lower below 25,000 USD of equity.
        daily_loss_usd=Decimal(500),
        daily_loss_kill_usd=Decimal(750),
        drawdown_kill_usd=Decimal(1_250),
        daily_loss_share=Decimal("0.02"),
        daily_loss_kill_share=Decimal("0.03"),
        drawdown_kill_share=Decimal("0.05"),
        liq_kill=Decimal("0.08"),
    )


LIVE_LIMITS = _live_limits()
"""Narrow: what a new account with real money starts with, until its owner writes other limits."""

"""Limits: defaults of paper and live, and a symbol's own."""

from __future__ import annotations

from decimal import Decimal

from engine.core.limits import LIVE_LIMITS, PAPER_LIMITS, RiskLimits


def test_paper_is_wide() -> None:
    assert RiskLimits() == PAPER_LIMITS
    assert PAPER_LIMITS.max_order_notional_usd == 1_000_000
    assert PAPER_LIMITS.max_position_notional_usd == 10_000_000
    assert PAPER_LIMITS.max_open_orders == 2_000
    assert PAPER_LIMITS.orders_per_s == 1_000
    assert PAPER_LIMITS.price_collar == Decimal("0.10")


def test_a_new_live_account_is_narrow() -> None:
    assert LIVE_LIMITS.max_order_notional_usd == 1_000
    assert LIVE_LIMITS.max_position_notional_usd == 5_000
    assert LIVE_LIMITS.max_open_orders == 100
    assert LIVE_LIMITS.orders_per_s == 5
    assert LIVE_LIMITS.for_symbol("BTCUSDT").price_collar == Decimal("0.01")
    assert LIVE_LIMITS.for_symbol("SOLUSDT").price_collar == Decimal("0.03")


def test_a_symbol_without_limits_of_its_own_has_the_accounts() -> None:
    own = RiskLimits(max_order_qty=Decimal(3))
    limits = RiskLimits(symbols={"BTCUSDT": own})
    assert limits.for_symbol("BTCUSDT") is own
    assert limits.for_symbol("ETHUSDT") is limits

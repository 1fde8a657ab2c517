"""Risk tables: what a file says of limits, and what it may not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from engine.config import load_config
from engine.core.limits import LIVE_LIMITS, PAPER_LIMITS, RiskLimits
from engine.errors import ConfigError

LIVE = """
[accounts.far]
venue = "bybit"
environment = "testnet"
symbols = ["BTCUSDT", "SOLUSDT"]
credentials = { env = "FAR" }
[accounts.far.risk]
"""
PAPER = "[accounts.paper.risk]\n"


def limits(folder: Path, text: str, account: str) -> RiskLimits:
    file = folder / "c.toml"
    file.write_text(text)
    return load_config(file, {}).accounts[account].risk


def test_every_kind_of_limit_is_read(tmp_path: Path) -> None:
    text = PAPER + (
        'duplicate_window_s = "0.5"\nmax_inflight = 3\nmark_outlier = 0.1\n'
        'deny_self_trade = true\nsymbols_allow = ["BTCUSDT"]\ndaily_loss_usd = 500\n'
        "[accounts.paper.risk.symbols.BTCUSDT]\nmax_open_orders_symbol = 2\n"
    )
    risk = limits(tmp_path, text, "paper")
    assert (risk.duplicate_window_s, risk.max_inflight) == (Decimal("0.5"), 3)
    assert (risk.mark_outlier, risk.deny_self_trade) == (Decimal("0.1"), True)
    assert (risk.symbols_allow, risk.daily_loss_usd) == (("BTCUSDT",), Decimal(500))
    assert risk.for_symbol("BTCUSDT").max_open_orders_symbol == 2
    assert risk.max_open_orders_symbol is None


def test_what_the_file_does_not_name_stays_off_on_paper_and_on_where_money_is(
    tmp_path: Path,
) -> None:
    assert limits(tmp_path, PAPER + "orders_per_s = 1000\n", "paper") == PAPER_LIMITS
    live = limits(tmp_path, LIVE, "far")
    assert live.symbols_allow == ("BTCUSDT", "SOLUSDT")
    assert live.market_slippage == LIVE_LIMITS.market_slippage == Decimal("0.005")


def test_a_live_account_may_name_fewer_markets_to_trade(tmp_path: Path) -> None:
    assert limits(tmp_path, LIVE + 'symbols_allow = ["SOLUSDT"]\n', "far").symbols_allow == (
        "SOLUSDT",
    )


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ("max_order_notional_usd = 10001\n", "max_order_notional_usd"),
        (
            "[accounts.far.risk.symbols.SOLUSDT]\nmax_order_notional_usd = 10001\n",
            "symbols.SOLUSDT.max_order_notional_usd",
        ),
    ],
)
def test_an_order_limit_above_its_ceiling_is_refused(
    tmp_path: Path, lines: str, where: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        limits(tmp_path, LIVE + lines, "far")
    assert str(refused.value).endswith(
        f"accounts.far.risk.{where}: it is above max_order_notional_ceiling_usd, 10000; "
        "raise that, too"
    )


def test_the_ceiling_itself_is_no_breach_and_can_be_raised(tmp_path: Path) -> None:
    at = limits(tmp_path, LIVE + "max_order_notional_usd = 10000\n", "far")
    assert at.max_order_notional_usd == 10_000
    raised = "max_order_notional_usd = 10001\nmax_order_notional_ceiling_usd = 20000\n"
    assert limits(tmp_path, LIVE + raised, "far").max_order_notional_usd == 10_001

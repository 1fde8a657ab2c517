"""A wallet's rows: what is held of each coin, and the account's totals in USD."""

from __future__ import annotations

from engine.core.reports import BalanceReport, WalletReport
from engine.venues.bybit.names import check_names
from engine.venues.bybit.numbers import amount, number
from engine.venues.bybit.rows import WalletRow


def wallet_of(row: WalletRow, _category: str = "") -> tuple[list[BalanceReport], WalletReport]:
    """Coins and totals. Raises ValueError where a number or a name is none."""
    check_names("".join(coin.coin for coin in row.coin))
    balances = [
        BalanceReport(coin=coin.coin, qty=number(coin.wallet_balance or "0")) for coin in row.coin
    ]
    return balances, totals_of(row)


def totals_of(row: WalletRow, _category: str = "") -> WalletReport:
    """The totals alone: a stream lists only the coins that were touched. Raises ValueError."""
    equity, balance = row.total_equity, row.total_margin_balance
    initial, maintenance = row.total_initial_margin, row.total_maintenance_margin
    return WalletReport(
        equity=number(equity) if equity else None,
        margin_balance=number(balance) if balance else None,
        initial_margin=amount(initial) if initial else None,
        maintenance_margin=amount(maintenance) if maintenance else None,
    )

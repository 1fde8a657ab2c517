"""`tradedeck check-config`: is this file right, and what does it come to?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli.parsing import Options, Parser
from console.cli.settings import console_options, state_directory

if TYPE_CHECKING:
    from engine.config import AccountConfig, Config

_SHOWN = {
    "max_order_notional_usd",
    "max_position_notional_usd",
    "max_order_qty",
    "price_collar",
    "max_open_orders",
    "orders_per_s",
    "symbols",
}
"""Limits that have a place of their own on the page; the others follow, where they are set."""
EXAMPLES = ("tradedeck check-config desk.toml",)


def add_options(parser: Parser) -> None:
    """Declare the one argument."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the configuration file")


def run(options: Options) -> int:
    """Check the file and the variables that override it, and print what holds."""
    from engine.config import load_config

    config = load_config(options.file, os.environ)
    console_options(config.console, options.file, state_directory(options))
    print("\n".join(_lines(config, options.file)))
    return 0


def _lines(config: Config, file: Path) -> Iterator[str]:
    yield f"{file}: ok"
    for account in config.accounts.values():
        yield from _account(account)


def _account(account: AccountConfig) -> Iterator[str]:
    at = f" at {account.url}" if account.url else ""
    live = ", live" if account.live else ""
    symbols = ", ".join(account.symbols) or "every symbol"
    yield ""
    yield f"account {account.name}: {account.venue} {account.environment}{at}{live}, {symbols}"
    if account.credentials is not None:
        yield f"  credentials from {account.credentials.source}"
    if account.dcp_s is not None:
        yield f"  the venue cancels every order after {account.dcp_s} s without us"
    traded = set(account.symbols or account.risk.symbols)
    own = {symbol: risk for symbol, risk in account.risk.symbols.items() if symbol in traded}
    for symbol, risk in {"": account.risk, **own}.items():
        shown = (
            f"order {risk.max_order_notional_usd:,f} USD",
            f"position {risk.max_position_notional_usd:,f} USD",
            f"quantity {'as the venue' if risk.max_order_qty is None else risk.max_order_qty}",
            f"collar {risk.price_collar * 100:f} %",
        )
        yield f"  {symbol or 'limits':<8} {', '.join(shown)}"
    counts = f"{account.risk.max_open_orders} open orders, {account.risk.orders_per_s} a second"
    yield f"  {'':<8} {counts}"
    for key in account.risk.__struct_fields__:
        value = getattr(account.risk, key)
        if key not in _SHOWN and value not in (None, False):
            yield f"  {'':<8} {key} {_plain(value)}"


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value).lower()

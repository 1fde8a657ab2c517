"""Changing a market's leverage or position mode at the venue: one typed line, and the account."""

from __future__ import annotations

from collections.abc import Iterable

from console.numbers import FieldError, read_number
from console.screens.confirm import Typed, TypedConfirm
from engine.core.commands import ChangeSetting
from engine.core.settings import MarketSettings

MODES = {"one-way": False, "hedge": True}
SHOWN = 6


def settings_screen(account: str, known: Iterable[MarketSettings]) -> TypedConfirm:
    """A market and its leverage or mode, then the account's name. What is known is shown."""
    told = [settings_words(market) for market in known]
    more = len(told) - SHOWN
    now = "; ".join(told[:SHOWN]) + (f" and {more} more" if more > 0 else "")
    return TypedConfirm(
        "LEVERAGE AND POSITION MODE",
        "Like BTCUSDT 5, BTCUSDT hedge or BTCUSDT one-way. A mode is changed while nothing is\n"
        f"held or open in the market. Set now: {now or 'not told by the venue'}.",
        (
            Typed("Setting", _problem),
            Typed("Account", lambda text: None if text == account else f"type {account}"),
        ),
    )


def settings_words(market: MarketSettings) -> str:
    """`BTCUSDT 10x hedge`: what is set for one market."""
    leverage = "" if market.leverage is None else f" {market.leverage:f}x"
    return f"{market.symbol}{leverage}{' hedge' if market.hedged else ''}"


def _problem(text: str) -> str | None:
    try:
        read_setting(text)
    except FieldError as error:
        return str(error)
    return None


def read_setting(text: str) -> ChangeSetting:
    """The command without an id. Raises FieldError that says what would be right."""
    symbol, *rest = text.split() or [""]
    if len(rest) != 1:
        raise FieldError("a market, and its leverage or its mode")
    word = rest[0].lower()
    if word in MODES:
        return ChangeSetting(command_id="", symbol=symbol.upper(), hedged=MODES[word])
    leverage = read_number(word.removesuffix("x"))
    return ChangeSetting(command_id="", symbol=symbol.upper(), leverage=leverage)

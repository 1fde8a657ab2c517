"""What an account sets for itself: leverage, position mode, and what happens when it is cut off."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.exchange.account import Account, MarketKey
from engine.exchange.checks import refusal
from engine.exchange.deadman import DeadMan
from engine.exchange.errors import Refusal
from engine.exchange.instruments import Instrument
from engine.exchange.matching import Market
from engine.exchange.numbers import ONE, parse, text

ONE_WAY, HEDGE = 0, 3
LARGEST_LEVERAGE = 100
PRODUCTS = {"DERIVATIVES": "linear", "SPOT": "spot", "OPTIONS": "option"}


class Leverage(msgspec.Struct, kw_only=True):
    """Body of position/set-leverage."""

    category: str = ""
    symbol: str = ""
    buyLeverage: str = ""
    sellLeverage: str = ""


class PositionMode(msgspec.Struct, kw_only=True):
    """Body of position/switch-mode; the symbol wins over the coin."""

    category: str = ""
    symbol: str = ""
    coin: str = ""
    mode: int = -1


class CutOff(msgspec.Struct, kw_only=True):
    """Body of order/disconnected-cancel-all; the window is in seconds."""

    product: str = "OPTIONS"
    timeWindow: int = 0


class Settings:
    """Changes an account's settings. Every method raises `Refusal` as the venue would."""

    def __init__(self, markets: Mapping[MarketKey, Market], dead_man: DeadMan) -> None:
        self._markets = markets
        self._dead_man = dead_man

    def set_leverage(self, account: Account, request: Leverage) -> None:
        """position/set-leverage: what initial margin is measured by."""
        instrument = self._derivative(request.category, request.symbol)
        buy, sell = parse(request.buyLeverage), parse(request.sellLeverage)
        if buy is None or buy != sell:
            raise Refusal(10001, "buyLeverage and sellLeverage are one number in cross margin")
        if not ONE <= buy <= LARGEST_LEVERAGE:
            raise Refusal(110013, "cannot set leverage gt maxLeverage by risk limit")
        written = text(buy)
        if account.leverage_of(instrument) == written:
            raise Refusal(110043, "leverage not modified")
        account.set_leverage(instrument, written)

    def switch_mode(self, account: Account, request: PositionMode) -> None:
        """position/switch-mode: by coin, markets with a position or orders stay as they are."""
        if request.mode not in (ONE_WAY, HEDGE):
            raise Refusal(10001, "params error: mode is 0 (one-way) or 3 (hedge)")
        if request.symbol:
            instrument = self._derivative(request.category, request.symbol)
            self._check_switch(account, instrument, request.mode)
            account.set_hedge(instrument, on=request.mode == HEDGE)
            return
        if not request.coin or request.category != "linear":
            raise Refusal(10001, "params error: symbol or coin is required")
        for market in self._markets.values():
            instrument = market.instrument
            if instrument.category == "linear" and instrument.settle == request.coin:
                try:
                    self._check_switch(account, instrument, request.mode)
                except Refusal:
                    continue
                account.set_hedge(instrument, on=request.mode == HEDGE)

    def cancel_when_cut_off(self, account: Account, request: CutOff) -> None:
        """order/disconnected-cancel-all."""
        category = PRODUCTS.get(request.product)
        if category is None:
            raise Refusal(10001, f"params error: product is one of {', '.join(PRODUCTS)}")
        if not 3 <= request.timeWindow <= 300:
            raise Refusal(10001, "params error: timeWindow is 3 to 300 seconds")
        self._dead_man.set(account, category, request.timeWindow)

    @staticmethod
    def _check_switch(account: Account, instrument: Instrument, mode: int) -> None:
        if account.is_hedged(instrument) == (mode == HEDGE):
            raise Refusal(110025, "Position mode is not modified")
        if any(position.qty for position in account.positions_in(instrument)):
            raise Refusal(110024, "You have an existing position, so the mode cannot be switched")
        if account.open_in(instrument.key):
            raise Refusal(110028, "You have existing orders, so the mode cannot be switched")

    def _derivative(self, category: str, symbol: str) -> Instrument:
        if category != "linear":
            raise Refusal(10001, "Illegal category")
        market = self._markets.get((category, symbol))
        if market is None:
            raise refusal("symbol", category)
        return market.instrument

"""What an account has: coins, positions in perpetuals and how it holds them, and their margin."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from engine.exchange.instruments import Instrument
from engine.exchange.margin import Margins, Needs
from engine.exchange.numbers import ZERO
from engine.exchange.positions import DEFAULT_LEVERAGE, Position
from engine.exchange.rows import CoinState


class Holdings:
    """A position is one-way, or one of two in hedge mode; what is not held is there, and flat."""

    def __init__(self) -> None:
        self.coins: dict[str, CoinState] = {}
        self.positions: dict[str, Position] = {}  # one-way, by symbol
        self._hedged: dict[str, tuple[Position, Position]] = {}  # long and short
        self._leverage: dict[str, str] = {}
        self._needs = Needs(self._held, self._leverage, self._hedged)

    def coin(self, name: str) -> CoinState:
        """The account's holding of one coin."""
        found = self.coins.get(name)
        if found is None:
            found = self.coins[name] = CoinState()
        return found

    def position(self, instrument: Instrument, idx: int = 0) -> Position:
        """The account's position in a derivative market, flat when it has none.

        `idx` is 1 or 2 in hedge mode. Raises KeyError for one of those outside hedge mode.
        """
        if idx:
            return self._hedged[instrument.symbol][idx - 1]
        found = self.positions.get(instrument.symbol)
        if found is None:
            found = self.positions[instrument.symbol] = self._new_position(instrument, 0)
        return found

    def positions_in(self, instrument: Instrument) -> tuple[Position, ...]:
        """One position, or in hedge mode two."""
        return self._hedged.get(instrument.symbol) or (self.position(instrument),)

    def all_positions(self) -> list[Position]:
        """Every position there has been."""
        hedged = [position for pair in self._hedged.values() for position in pair]
        return [*self.positions.values(), *hedged]

    def is_hedged(self, instrument: Instrument) -> bool:
        """True where the account is in hedge mode."""
        return instrument.symbol in self._hedged

    def set_hedge(self, instrument: Instrument, *, on: bool) -> None:
        """Switch the position mode of a market in which nothing is held or open."""
        if on:
            long, short = (self._new_position(instrument, idx) for idx in (1, 2))
            self._hedged[instrument.symbol] = (long, short)
        else:
            del self._hedged[instrument.symbol]
        self.note_moved(instrument)

    def leverage_of(self, instrument: Instrument) -> str:
        """What the account has set, or the default."""
        return self.positions_in(instrument)[0].leverage

    def set_leverage(self, instrument: Instrument, leverage: str) -> None:
        """Set it for the market, whatever its mode."""
        self._leverage[instrument.symbol] = leverage
        for position in (self.position(instrument), *self.positions_in(instrument)):
            position.leverage = leverage
        self.note_moved(instrument)

    def _new_position(self, instrument: Instrument, idx: int) -> Position:
        position = Position(symbol=instrument.symbol, settle=instrument.settle, idx=idx)
        position.leverage = self._leverage.get(instrument.symbol, DEFAULT_LEVERAGE)
        return position

    def _held(self, symbol: str) -> Iterable[Position]:
        position = self.positions.get(symbol)
        return self._hedged.get(symbol) or (() if position is None else (position,))

    def mark(self, symbol: str, price: Decimal) -> None:
        """Revalue what is held at a new mark price."""
        for held in self._held(symbol):
            held.mark_price = price
            self.coin(held.settle).unrealised += held.revalue()
            self.note_moved(held)

    def note_moved(self, market: Instrument | Position) -> None:
        """Have the margin of a market worked out anew."""
        self._needs.markets[market.symbol] = market.settle

    def margins(self, price_usd: Callable[[str], Decimal]) -> Margins:
        """What everything held and open needs now."""
        equity = ZERO
        for name, coin in self.coins.items():
            equity += coin.equity * price_usd(name)
        return self._needs.margins(equity, price_usd)

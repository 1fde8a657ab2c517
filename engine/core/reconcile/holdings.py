"""What the venue holds beside what the ledger says: contracts by position, spot pairs by coin.

A wallet knows coins, not pairs. What it held of each when it was first counted is none of the
ledger's doing and is set aside; from then on the coin must move as the pairs that trade it do.
Money is left out: coins that contracts settle in, or that a traded pair is priced in, move with
funding, fees and transfers too.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from engine.core.events import Drift
from engine.core.instruments import Instrument
from engine.core.ledger.executions import position_key, split_key
from engine.core.ledger.position import Position
from engine.core.reports import AccountSnapshot, Scope
from engine.core.state import State
from engine.core.types import ZERO, Category


class Holding(msgspec.Struct, frozen=True, gc=False):
    """One position's quantity and average price, here and at the venue; None is no average.

    `symbol` is the position's key: the market, in hedge mode with its index.
    """

    symbol: str
    ours: Decimal
    venue: Decimal
    ours_avg: Decimal | None = None
    venue_avg: Decimal | None = None

    @property
    def agrees(self) -> bool:
        """True when quantities are equal and the averages differ by less than is stated."""
        if self.ours != self.venue:
            return False
        if self.ours_avg is None or self.venue_avg is None:
            return True
        exponent = int(self.venue_avg.as_tuple().exponent)
        return abs(self.venue_avg - self.ours_avg) < min(Decimal(1), Decimal(1).scaleb(exponent))


def compare(state: State, snapshot: AccountSnapshot) -> Iterator[Holding]:
    """Every symbol that is held here or there, contracts first; coins once they were counted."""
    yield from _contracts(state, snapshot)
    if state.coins is not None:
        held = {balance.coin: balance.qty for balance in snapshot.balances}
        yield from _coins(state, state.coins, held)


def count_coins(state: State, snapshot: AccountSnapshot) -> dict[str, Decimal] | None:
    """What the wallet holds of each coin that spot pairs trade, less what the ledger explains.

    None where there are no pairs, when they were counted before, or when fills since the question
    make it the wrong moment.
    """
    if state.coins is not None or Scope.WALLET not in snapshot.scopes:
        return None
    if any(ts > snapshot.sent_ts and is_spot(state, s) for s, ts in state.fill_ts.items()):
        return None
    pairs = _pairs(state)
    if not pairs:
        return None
    held = {balance.coin: balance.qty for balance in snapshot.balances if balance.coin in pairs}
    before = {coin: qty - _ledger(state, pairs[coin]) for coin, qty in held.items()}
    return {coin: qty for coin, qty in before.items() if qty}


def _contracts(state: State, snapshot: AccountSnapshot) -> Iterator[Holding]:
    venue = {
        position_key(report.symbol, report.position_index): report for report in snapshot.positions
    }
    held = {
        symbol
        for symbol, position in state.positions.positions.items()
        if position.qty and not is_spot(state, symbol)
    }
    for symbol in sorted(held | set(venue)):
        ours, theirs = state.positions.get_position(*split_key(symbol)), venue.get(symbol)
        yield Holding(
            symbol,
            ours.qty,
            ZERO if theirs is None else theirs.qty,
            ours.avg_entry_price,
            None if theirs is None else theirs.avg_price,
        )


def _coins(state: State, before: dict[str, Decimal], held: dict[str, Decimal]) -> Iterator[Holding]:
    for coin, pairs in sorted(_pairs(state).items()):
        symbol = next((p.symbol for p in pairs if p.symbol in state.positions.positions), None)
        moved = held.get(coin, ZERO) - before.get(coin, ZERO) - _ledger(state, pairs)
        if symbol is not None or moved:
            ours = state.positions.get_position(symbol or pairs[0].symbol)
            yield Holding(ours.symbol, ours.qty, ours.qty + moved, ours.avg_entry_price)


def _pairs(state: State) -> dict[str, list[Instrument]]:
    """Spot pairs by the coin they trade, without the coins that are money here."""
    pairs: dict[str, list[Instrument]] = {}
    money = set()
    for instrument in state.instruments.values():
        if instrument.category is not Category.SPOT:
            money.add(instrument.settle)
        else:
            pairs.setdefault(instrument.base, []).append(instrument)
            if instrument.symbol in state.positions.positions:
                money.add(instrument.quote)
    return {coin: listed for coin, listed in pairs.items() if coin not in money}


def _ledger(state: State, pairs: list[Instrument]) -> Decimal:
    return sum((state.positions.get_position(p.symbol).qty for p in pairs), ZERO)


def is_spot(state: State, symbol: str) -> bool:
    """True for spot pairs: the venue keeps coins of them, not positions."""
    instrument = state.instruments.get(symbol)
    return instrument is not None and instrument.category is Category.SPOT


def pnl_apart(position: Position, drift: Drift, mark: Decimal | None) -> Decimal | None:
    """The venue's unrealized P&L less ours, both at `mark`; None where one has no price."""
    ours = position.unrealized_at(mark)
    theirs = ZERO
    if drift.venue:
        if mark is None or drift.venue_avg is None:
            return None
        cost = position.value_at(drift.venue, drift.venue_avg)
        value = position.value_at(drift.venue, mark)
        theirs = cost - value if position.category is Category.INVERSE else value - cost
    return None if ours is None else theirs - ours

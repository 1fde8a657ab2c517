"""One set of limits and another: how to get there, and what became looser on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from engine.core.limits import LimitChange, LimitValue, RiskLimits
from engine.core.limits.events import LimitsChanged
from engine.core.limits.keys import LIMIT_KEYS, is_looser, shown
from engine.core.trading import RiskState


class Difference(NamedTuple):
    """What became of one limit, of the account or of `symbol`."""

    key: str
    symbol: str
    old: LimitValue
    new: LimitValue

    @property
    def name(self) -> str:
        """Which limit it is, in words."""
        return f"{self.key} of {self.symbol}" if self.symbol else self.key

    @property
    def looser(self) -> bool:
        """True when more passes than before."""
        return is_looser(self.key, self.old, self.new)

    def __str__(self) -> str:
        return f"{self.name} from {shown(self.old)} to {shown(self.new)}"


def value_of(limits: RiskLimits, key: str, symbol: str = "") -> LimitValue:
    """What a limit is now, for the account or for one market."""
    value: LimitValue = getattr(limits.for_symbol(symbol) if symbol else limits, key)
    return value


def difference(limits: RiskLimits, change: LimitChange) -> Difference:
    """What this change would make of what holds now."""
    old = value_of(limits, change.key, change.symbol)
    return Difference(change.key, change.symbol, old, change.value)


def with_change(limits: RiskLimits, change: LimitChange) -> RiskLimits:
    """The limits after one change.

    A market whose own limit is the account's follows it; where the account's is tightened, no
    market stays looser.
    """
    key, value = change.key, change.value
    if change.symbol:
        own = replace(limits.for_symbol(change.symbol), symbols={}, **{key: value})
        return replace(limits, symbols={**limits.symbols, change.symbol: own})
    old = value_of(limits, key)
    symbols = {
        symbol: replace(own, **{key: value}) if _follows(key, old, value, own) else own
        for symbol, own in limits.symbols.items()
    }
    return replace(limits, symbols=symbols, **{key: value})


def _follows(key: str, old: LimitValue, new: LimitValue, own: RiskLimits) -> bool:
    held = value_of(own, key)
    return held == old or (not is_looser(key, old, new) and is_looser(key, new, held))


def without(pending: tuple[LimitChange, ...], key: str, symbol: str) -> tuple[LimitChange, ...]:
    """What still waits when this limit does not; the account's stands for every market's."""
    return tuple(c for c in pending if c.key != key or (symbol and c.symbol != symbol))


def differences(old: RiskLimits, new: RiskLimits) -> Iterator[Difference]:
    """Everything that two sets of limits differ in; a market's only where the account's does not
    say it already."""
    symbols = sorted({*old.symbols, *new.symbols})
    for key, spec in LIMIT_KEYS.items():
        account = value_of(old, key), value_of(new, key)
        if account[0] != account[1]:
            yield Difference(key, "", *account)
        for symbol in symbols if spec.own else ():
            own = value_of(old, key, symbol), value_of(new, key, symbol)
            if own[0] != own[1] and own != account:
                yield Difference(key, symbol, *own)


def configured(risk: RiskState, limits: RiskLimits, ts: int, *, first: bool) -> LimitsChanged:
    """The event of a run that begins with these limits: they hold, and what they loosen is named.

    What waited is dropped. In the `first` run there is nothing to compare with.
    """
    found = () if first else tuple(differences(risk.limits, limits))
    dropped = [f"{change.key} no longer waits" for change in risk.pending]
    return LimitsChanged(
        ts=ts,
        limits=limits,
        by="configuration",
        text="; ".join([*map(str, found), *dropped]),
        loosened=tuple(one.name for one in found if one.looser),
    )

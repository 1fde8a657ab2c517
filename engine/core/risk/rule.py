"""What a rule is: one number of an order or its account, and the limit it may reach."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from engine.core.limits import RiskLimits
from engine.core.risk.terms import UNPRICED, Amount, Terms, plain
from engine.core.risk.verdict import Denial

Measure = Callable[[Terms, Amount], Amount | None]
Words = Callable[[Terms, Amount, Amount], str]


class Reading(msgspec.Struct, frozen=True):
    """Where one order stands under one rule.

    `share` is how much of the limit is used, 1 at the limit; None where that is no fraction.
    """

    code: str
    value: str
    limit: str
    passed: bool
    share: float | None = None


def _value(_terms: Terms, value: Amount, _bound: Amount) -> str:
    return plain(value)


def _bound(_terms: Terms, _value: Amount, bound: Amount) -> str:
    return plain(bound)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. The value that equals its limit passes, the next one does not.

    key       the limit in `RiskLimits` that turns the rule on; empty: it is always on
    account   the limit is the account's, whatever a symbol has of its own
    new_only  it does not judge amends
    measure   the value, None where the rule does not concern this order
    bound     what the value may reach, if that is not the limit itself
    floor     the value must be at least the bound, instead of at most
    count     what `measure` stands for, where that is costly: a reading may take its time
    words     value, limit, and what would pass, in words
    """

    code: str
    measure: Measure
    passes: Words
    key: str = ""
    account: bool = False
    new_only: bool = False
    bound: Measure | None = None
    floor: bool = False
    count: Measure | None = None
    value: Words = _value
    limit: Words = _bound

    def judge(self, terms: Terms, limit: Amount) -> Denial | None:
        """None when the order passes."""
        value = self.measure(terms, limit)
        if value is None:
            return None
        bound = limit if self.bound is None else self.bound(terms, limit)
        if bound is None or (value >= bound if self.floor else value <= bound):
            return None
        return Denial(
            self.code,
            self.value(terms, value, bound),
            self.limit(terms, value, bound),
            self.passes(terms, value, bound),
        )

    def read(self, terms: Terms, limit: Amount) -> Reading | None:
        """Where the order stands; None where the rule does not concern it."""
        value = (self.count or self.measure)(terms, limit)
        bound = limit if self.bound is None else self.bound(terms, limit)
        if value is None or bound is None or value == UNPRICED:
            return None
        passed = self.judge(terms, limit) is None
        share = None
        if not self.floor and bound > 0 and value < bound * 1_000_000:
            share = max(0.0, float(value / bound))
        return Reading(
            self.code,
            self.value(terms, value, bound),
            self.limit(terms, value, bound),
            passed,
            share,
        )


def active(rule: Rule, own: RiskLimits, account: RiskLimits) -> Amount | None:
    """The limit that turns `rule` on for an order under these limits; None when it is off."""
    if not rule.key:
        return 0
    limit: Amount | None = getattr(account if rule.account else own, rule.key)
    return None if limit is False else limit

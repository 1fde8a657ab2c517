"""What a rule is: one number of an order or its account, and the limit it may reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from engine.core.limits import RiskLimits
from engine.core.risk.terms import UNPRICED, Amount, Terms, plain
from engine.core.risk.verdict import Denial

Measure = Callable[[Terms, Amount], Amount | None]
Bound = Callable[[Terms, Amount], Amount]
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
    bound: Bound | None = None
    floor: bool = False
    count: Bound | None = None
    value: Words = _value
    limit: Words = _bound

    def denial(self, terms: Terms, value: Amount, bound: Amount) -> Denial:
        """What is said of an order whose value is beyond its bound."""
        return Denial(
            self.code,
            self.value(terms, value, bound),
            self.limit(terms, value, bound),
            self.passes(terms, value, bound),
        )

    def read(self, terms: Terms, limit: Amount) -> Reading | None:
        """Where the order stands; None where the rule does not concern it."""
        judged = self.measure(terms, limit)
        if judged is None or judged == UNPRICED:
            return None
        bound = limit if self.bound is None else self.bound(terms, limit)
        passed = judged >= bound if self.floor else judged <= bound
        value = judged if self.count is None else self.count(terms, limit)
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


Line = tuple[Rule, Amount, Measure, Bound | None, bool]
"""A rule that is on, its limit, and its `measure`, `bound` and `floor`: what judging unpacks.

A plain tuple: Python unpacks a named one three times as slowly.
"""


def pick(
    rules: Iterable[Rule], own: RiskLimits, account: RiskLimits
) -> Iterator[tuple[Rule, Amount]]:
    """The rules that these limits of a symbol and its account turn on, each with its limit."""
    for rule in rules:
        limit = getattr(account if rule.account else own, rule.key) if rule.key else 0
        if limit is not None and limit is not False:
            yield rule, limit

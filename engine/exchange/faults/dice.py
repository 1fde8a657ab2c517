"""Whose turn it is: every rule counts its own chances and has its own dice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from engine.exchange.faults.plan import KINDS, Plan, Rule


class _Turn:
    """One rule, the chances it has had and how often it has struck."""

    def __init__(self, rule: Rule, seed: str) -> None:
        self.rule = rule
        self._random = Random(seed)
        self._nth = frozenset(rule.nth)
        self._chances = 0
        self._strikes = 0

    def comes(self, subject: str) -> bool:
        """Count a chance; true where the rule strikes."""
        rule = self.rule
        if rule.on not in subject or (rule.most and self._strikes >= rule.most):
            return False
        self._chances += 1
        strikes = (
            self._chances in self._nth
            or (rule.every > 0 and self._chances % rule.every == 0)
            or (rule.rate > 0 and self._random.random() < rule.rate)
        )
        self._strikes += strikes
        return strikes


class Dice:
    """All rules of a plan. The same plan and chances give the same faults.

    While it is `resting` no rule has a chance.
    """

    def __init__(self, plan: Plan) -> None:
        self.played: Counter[str] = Counter()
        self.resting = False
        self._turns: dict[str, list[_Turn]] = {}
        for number, rule in enumerate(plan.rules):
            turn = _Turn(rule, f"faults/{plan.seed}/{number}/{rule.kind}")
            self._turns.setdefault(KINDS[rule.kind].point, []).append(turn)

    def first(self, point: str, subject: str) -> Rule | None:
        """The first rule that strikes; every rule of the point has had its chance."""
        found: Rule | None = None
        for turn in self._at(point):
            if turn.comes(subject) and found is None:
                found = turn.rule
                self.played[found.kind] += 1
        return found

    def all(self, point: str, subject: str) -> list[Rule]:
        """Every rule that strikes."""
        found = [turn.rule for turn in self._at(point) if turn.comes(subject)]
        self.played.update(rule.kind for rule in found)
        return found

    def _at(self, point: str) -> Sequence[_Turn]:
        return () if self.resting else self._turns.get(point, ())

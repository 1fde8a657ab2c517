"""Whose turn it is: every rule counts its own chances and has its own dice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from engine.exchange.faults.plan import KINDS, Plan, Rule

Can = Callable[[Rule], bool]
"""Whether a rule could do what it is for at this occasion."""


def always(rule: Rule) -> bool:
    """Every rule of the point could."""
    return True


class _Turn:
    """One rule, the chances it has had, and `strikes`: how often it was played."""

    def __init__(self, rule: Rule, seed: str) -> None:
        self.rule = rule
        self.strikes = 0
        self._random = Random(seed)
        self._nth = frozenset(rule.nth)
        self._chances = 0

    def comes(self, subject: str, can: Can) -> bool:
        """Count a chance, where it is one; true where the rule's turn has come."""
        rule = self.rule
        if rule.on not in subject or (rule.most and self.strikes >= rule.most) or not can(rule):
            return False
        self._chances += 1
        return (
            self._chances in self._nth
            or (rule.every > 0 and self._chances % rule.every == 0)
            or (rule.rate > 0 and self._random.random() < rule.rate)
        )


class Dice:
    """All rules of a plan. The same plan and chances give the same faults.

    A rule has a chance where it could do what it is for, and none while the dice are `resting`.
    """

    def __init__(self, plan: Plan) -> None:
        self.played: Counter[str] = Counter()
        self.resting = False
        self._turns: dict[str, list[_Turn]] = {}
        for number, rule in enumerate(plan.rules):
            turn = _Turn(rule, f"faults/{plan.seed}/{number}/{rule.kind}")
            self._turns.setdefault(KINDS[rule.kind].point, []).append(turn)

    def first(self, point: str, subject: str, can: Can = always) -> Rule | None:
        """The first rule that strikes; every rule of the point that `can` has had its chance."""
        found = [turn for turn in self._at(point) if turn.comes(subject, can)]
        return self._play(found[0]) if found else None

    def all(self, point: str, subject: str, can: Can = always) -> list[Rule]:
        """Every rule that strikes, of those that `can`."""
        found = [turn for turn in self._at(point) if turn.comes(subject, can)]
        return [self._play(turn) for turn in found]

    def _play(self, turn: _Turn) -> Rule:
        turn.strikes += 1
        self.played[turn.rule.kind] += 1
        return turn.rule

    def _at(self, point: str) -> Sequence[_Turn]:
        return () if self.resting else self._turns.get(point, ())

"""The table of limits, in the order in which they are judged."""

from __future__ import annotations

from engine.core.risk.margin import MARGIN
from engine.core.risk.pace import PACE
from engine.core.risk.position import POSITION, REDUCE
from engine.core.risk.price import PRICE
from engine.core.risk.rule import Reading, Rule
from engine.core.risk.size import SIZE
from engine.core.risk.trigger import TRIGGER

__all__ = ["RULES", "Reading", "Rule"]

RULES: tuple[Rule, ...] = (*SIZE, *TRIGGER, *PRICE, *POSITION, *MARGIN, *PACE, *REDUCE)
"""Every rule that a measured order must pass; the first that it does not pass answers."""

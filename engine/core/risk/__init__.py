"""Pre-trade checks: may this order leave the house?

`check` answers `Approved` or `Denied`; only an `Approved` can become an `OrderSubmitted`, so an
order that nobody checked does not type-check. What is judged first (permission, plain sense, a
price to measure by) is in `gate`, the limits are the table in `rules`, in its order; the first that
fails answers, and what cannot be judged is refused. `explain` gives the whole table for one order.
"""

from engine.core.risk.check import check, check_amend, check_flatten
from engine.core.risk.explain import Explanation, explain
from engine.core.risk.rules import RULES, Reading
from engine.core.risk.share import size_share
from engine.core.risk.verdict import Approved, Denial, Denied

__all__ = [
    "RULES",
    "Approved",
    "Denial",
    "Denied",
    "Explanation",
    "Reading",
    "check",
    "check_amend",
    "check_flatten",
    "explain",
    "size_share",
]

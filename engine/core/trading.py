"""How far trading is narrowed, by what limits, and how a stop went: parts of the state."""

from __future__ import annotations

import msgspec

from engine.core.events import LimitsChanged, PnlMarked
from engine.core.limits import PAPER_LIMITS, LimitChange, RiskLimits
from engine.core.types import NS, KillLevel, TradingState

_STRICTNESS = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}


class Narrowing(msgspec.Struct, frozen=True):
    """A trading state with who brought it about, why, and since when (unix ns)."""

    state: TradingState
    by: str = ""
    reason: str = ""
    since: int = 0


class RiskState(msgspec.Struct, kw_only=True):
    """The limits that hold, and what the watch measures from.

    `limits_changes` counts, so that a timer of older limits is known as one. `pending` are the
    loosenings that wait for their time. `probation_until` (unix ns) is when a release after a halt
    may go on to ACTIVE.
    """

    limits: RiskLimits = PAPER_LIMITS
    pending: tuple[LimitChange, ...] = ()
    limits_changes: int = 0
    pnl_mark: PnlMarked | None = None
    probation_until: int = 0

    def change_limits(self, event: LimitsChanged) -> None:
        """Hold to other limits."""
        self.limits = event.limits
        self.pending = event.pending
        self.limits_changes += 1


class KillRecord(msgspec.Struct, kw_only=True):
    """One use of the kill switch, from the closed gate to verified zero. Times are unix ns.

    A later use in the same halt keeps what was: `before` has the earlier targets, `first_halt_at`
    when the first one's gate closed and `first_zero_at` when zero was first verified (0: not yet).
    """

    kill_id: str
    level: KillLevel
    blocked_at: int
    by: str
    targets: tuple[str, ...] = ()
    first_cancel_at: int = 0
    verified_zero_at: int = 0
    residual: tuple[str, ...] = ()
    done: bool = False
    before: tuple[str, ...] = ()
    first_halt_at: int = 0
    first_zero_at: int = 0

    def is_of(self, halted_since: int) -> bool:
        """True when this belongs to the halt that holds since then, and not to an earlier one.

        The gate closes before the halt is decided, by less than a second.
        """
        return not self.done or self.blocked_at + NS >= halted_since

    def follow(self, earlier: KillRecord) -> None:
        """Keep what an earlier use in the same halt came to."""
        mine = set(self.targets)
        known = dict.fromkeys((*earlier.before, *earlier.targets))
        self.before = tuple(one for one in known if one not in mine)
        self.first_halt_at = earlier.first_halt_at or earlier.blocked_at
        self.first_zero_at = earlier.first_zero_at or earlier.verified_zero_at


def is_stricter(one: TradingState, other: TradingState) -> bool:
    """True when `one` allows less than `other`: HALTED less than REDUCING less than ACTIVE."""
    return _STRICTNESS[one] > _STRICTNESS[other]

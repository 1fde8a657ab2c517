"""SAFE or ARMED: a time-boxed grant to this one console, taken back when anything looks wrong.

HALTED belongs to the engine and shadows both; READ-ONLY is how the console was started. The grant
only saves the review in the ticket: every order is still checked by the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

ARMED_S = 300
TTY_CLOSED_S = 1.0
LOOP_LAG_S = 0.5
_NS = 1_000_000_000


class ArmState(StrEnum):
    """What the banner shows, strictest first."""

    READ_ONLY = "READ-ONLY"
    HALTED = "HALTED"
    ARMED = "ARMED"
    SAFE = "SAFE"


class Health(msgspec.Struct, frozen=True):
    """What arming depends on, as of one frame."""

    account: str
    halted: bool = False
    link_up: bool = True
    drift: int = 0
    tty_closed_s: float = 0.0
    loop_lag_s: float = 0.0
    too_small: bool = False
    focused: bool = True


_RULES: tuple[tuple[Callable[[Health], bool], str], ...] = (
    (lambda h: h.halted, "trading is halted"),
    (lambda h: not h.link_up, "the venue link is down"),
    (lambda h: h.drift != 0, "positions drift from the venue"),
    (lambda h: h.tty_closed_s > TTY_CLOSED_S, "the terminal is slow"),
    (lambda h: h.loop_lag_s > LOOP_LAG_S, "the screen is slow"),
    (lambda h: h.too_small, "the terminal is too small"),
    (lambda h: not h.focused, "the window lost focus"),
)


class Arming:
    """The grant. Every method takes the time (unix ns) rather than reading a clock."""

    def __init__(self, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self._until_ns = 0
        self._account = ""

    def state(self, now_ns: int, *, halted: bool) -> ArmState:
        """What this console may do now."""
        if self.read_only:
            return ArmState.READ_ONLY
        if halted:
            return ArmState.HALTED
        return ArmState.ARMED if now_ns < self._until_ns else ArmState.SAFE

    def left_s(self, now_ns: int) -> int:
        """Whole seconds until the grant ends, rounded up; 0 when there is none."""
        return max(0, -(-(self._until_ns - now_ns) // _NS))

    def arm(self, now_ns: int, health: Health) -> str | None:
        """Grant 5 minutes. Returns why not, or None when armed."""
        refusal = "this console is read-only" if self.read_only else _objection(health)
        if refusal is None:
            self._until_ns = now_ns + ARMED_S * _NS
            self._account = health.account
        return refusal

    def disarm(self) -> bool:
        """Take the grant back; True when there was one."""
        was, self._until_ns = self._until_ns > 0, 0
        return was

    def check(self, now_ns: int, health: Health) -> str | None:
        """Take the grant back when it ran out or something is wrong; the reason, once."""
        if not self._until_ns:
            return None
        reason = _objection(health)
        if reason is None and health.account != self._account:
            reason = "the account changed"
        if reason is None and now_ns >= self._until_ns:
            reason = "5 minutes are over"
        if reason is not None:
            self._until_ns = 0
        return reason


def _objection(health: Health) -> str | None:
    return next((reason for broken, reason in _RULES if broken(health)), None)

"""Settling a difference between venue and ledger: the symbol typed, a reason, and for how long."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from console.screens.confirm import Typed, TypedConfirm
from console.views.recon import settle_figures
from engine.core.events import Drift
from engine.core.types import DriftAction

MINUTES_MAX = Decimal(7 * 24 * 60)

_EFFECTS = {
    DriftAction.ADOPT: (
        "Books an adjustment, marked as one, so that the ledger is what the venue shows."
    ),
    DriftAction.FLATTEN: (
        "Books the venue's surplus as an adjustment, marked as one, and closes it at market, "
        "reduce-only."
    ),
    DriftAction.IGNORE: "Changes nothing. The difference stays in sight as explained.",
}


def settle_screen(action: DriftAction, drift: Drift, step: Decimal | None) -> TypedConfirm:
    """The confirmation of one of the three actions. The result holds what was typed, in order."""
    fields = [
        Typed("Symbol", lambda text: None if text == drift.symbol else f"type {drift.symbol}"),
        Typed("Reason", lambda text: None if text else "say what you found"),
    ]
    if action is DriftAction.IGNORE:
        fields.append(Typed("For minutes", _minutes_problem))
    until = "\n0 minutes: until it changes." if action is DriftAction.IGNORE else ""
    return TypedConfirm(
        f"{action.upper()} {drift.symbol}",
        f"{settle_figures(drift, step)}.\n{_EFFECTS[action]}\n"
        f"The market may then be traded in full again.{until}",
        fields,
    )


def seconds(minutes: str) -> float:
    """How long to ignore, from what was typed: 0 is until the difference changes."""
    return float(Decimal(minutes) * 60)


def _minutes_problem(text: str) -> str | None:
    try:
        minutes = Decimal(text)
    except InvalidOperation:
        return "minutes, as a number"
    if not minutes.is_finite() or not 0 <= minutes <= MINUTES_MAX:
        return f"0 to {MINUTES_MAX}"
    return None

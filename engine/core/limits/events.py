"""What happens to the limits: changed, or about to be loosened."""

from __future__ import annotations

import msgspec

from engine.core.limits import LimitChange, RiskLimits


class LimitsChanged(
    msgspec.Struct, frozen=True, tag="limits", tag_field="event", kw_only=True, omit_defaults=True
):
    """From now on these limits hold; `text` says what became of which one.

    `loosened` names the limits that let more pass than before, those of one market as KEY of
    SYMBOL. `pending` still wait.
    """

    ts: int
    limits: RiskLimits
    by: str
    text: str = ""
    command_id: str = ""
    loosened: tuple[str, ...] = ()
    pending: tuple[LimitChange, ...] = ()


class LimitsPending(
    msgspec.Struct,
    frozen=True,
    tag="limits_pending",
    tag_field="event",
    kw_only=True,
    omit_defaults=True,
):
    """From now on these loosenings wait for their time; `text` says which one is new, or gone."""

    ts: int
    pending: tuple[LimitChange, ...]
    by: str
    text: str = ""
    command_id: str = ""

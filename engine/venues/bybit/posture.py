"""What an API key may do, and whether it is fit to trade with (GET /v5/user/query-api).

A key for trading must be able to trade and nothing more: one that can withdraw is refused on every
environment, because whoever steals it takes the money and not only the positions.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.core.types import Category
from engine.venues.text import sanitise

WITHDRAW = "withdraw"
EXPIRY_REFUSED_DAYS = 2
EXPIRY_WARNED_DAYS = 14
_TRADES: dict[Category, tuple[str, ...]] = {
    Category.LINEAR: ("ContractTrade", "Derivatives"),
    Category.INVERSE: ("ContractTrade", "Derivatives"),
    Category.SPOT: ("Spot",),
}
"""Groups of permissions, any of which lets a key trade the category."""
_TRADING = frozenset({"ContractTrade", "Derivatives", "Options", "Spot"})
"""Groups that move positions and orders, and no coins; every other is more than trading needs."""


class KeyPosture(msgspec.Struct, frozen=True, rename="camel"):
    """One key as the venue describes it. `deadline_day` counts only where `expired_at` is real."""

    read_only: int = 0
    permissions: dict[str, list[str]] = {}
    ips: list[str] = []
    deadline_day: int = 0
    expired_at: str = ""
    uta: int = 1

    @property
    def days_left(self) -> int | None:
        """Days until the key expires; None for one that does not."""
        expires = self.expired_at and not self.expired_at.startswith("1970")
        return self.deadline_day if expires else None

    def problems(self, categories: Sequence[Category]) -> list[str]:
        """Why this key may not be traded with; each with what to do."""
        found = []
        withdrawing = sorted(
            sanitise(name)
            for names in self.permissions.values()
            for name in names
            if WITHDRAW in name.lower()
        )
        if withdrawing:
            found.append(f"the key can withdraw ({', '.join(withdrawing)}): make one that cannot")
        if self.read_only:
            found.append("the key is read-only: make one that can trade")
        if self.uta != 1:
            found.append("the account is no Unified Trading Account: upgrade it")
        for category in categories:
            if not any(self.permissions.get(group) for group in _TRADES[category]):
                groups = " or ".join(_TRADES[category])
                found.append(f"the key cannot trade {category}: it lacks {groups}")
        days = self.days_left
        if days is not None and days < EXPIRY_REFUSED_DAYS:
            found.append(f"the key expires in {max(days, 0)} days: make a new one first")
        return found

    def warnings(self) -> list[str]:
        """What is not as it should be, and does not forbid trading."""
        found = []
        if not self.ips or "*" in self.ips:
            found.append("the key works from every address: bind it to this one")
        more = [
            f"{sanitise(group)}: {', '.join(map(sanitise, names))}"
            for group, names in sorted(self.permissions.items())
            if names and group not in _TRADING
        ]
        if more:
            found.append(f"the key may do more than trade ({'; '.join(more)}): take that from it")
        days = self.days_left
        if days is not None and EXPIRY_REFUSED_DAYS <= days < EXPIRY_WARNED_DAYS:
            found.append(f"the key expires in {days} days")
        return found

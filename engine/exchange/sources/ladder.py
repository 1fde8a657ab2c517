"""One side of a made-up order book: fifty levels from the touch outwards."""

from __future__ import annotations

from random import Random

DEPTH = 50
NEAR_TICKS = 30  # how far from the touch new levels appear between old ones
FAR_GAP_TICKS = 6  # largest gap between levels at the far end


class Ladder:
    """Sizes by price, both whole numbers (lots, ticks), and what changed since last asked."""

    def __init__(self, random: Random, *, is_bid: bool, typical_lots: int) -> None:
        self._random = random
        self._outwards = -1 if is_bid else 1
        self._typical_lots = typical_lots
        self._levels: dict[int, int] = {}
        self._changes: dict[int, int] = {}
        self._told: set[int] = set()  # levels a reader of the changes knows of

    def lots_at(self, tick: int) -> int:
        """Size of a level."""
        return self._levels[tick]

    def from_touch(self) -> list[tuple[int, int]]:
        """Every level, best first."""
        return sorted(self._levels.items(), reverse=self._outwards < 0)

    def up_to(self, limit: int) -> list[tuple[int, int]]:
        """Levels that an order taking up to `limit` would meet, best first."""
        inside = self._outwards
        return [level for level in self.from_touch() if (limit - level[0]) * inside >= 0]

    def take(self, tick: int, lots: int) -> None:
        """A trade took some of a level, but not all."""
        self._set(tick, self._levels[tick] - lots)

    def move(self, touch: int) -> None:
        """Make `touch` the best price, keep fifty levels, and let a few sizes change."""
        for tick in [tick for tick in self._levels if (tick - touch) * self._outwards < 0]:
            self._set(tick, 0)
        if touch not in self._levels:
            self._set(touch, self._new_lots())
        for _ in range(3):
            near = touch + self._outwards * self._random.randrange(NEAR_TICKS)
            self._set(near, self._new_lots())
        ticks = sorted(self._levels, reverse=self._outwards < 0)
        for tick in ticks[DEPTH:]:
            self._set(tick, 0)
        last = ticks[-1]
        for _ in range(DEPTH - len(ticks)):
            last += self._outwards * self._random.randint(1, FAR_GAP_TICKS)
            self._set(last, self._new_lots())

    def changes(self) -> list[tuple[int, int]]:
        """What changed since the last call, best first; a size of zero is a level that went.

        A level that came and went in between is not told: readers may not know how to delete it.
        """
        changed = sorted(self._changes.items(), reverse=self._outwards < 0)
        told = [(tick, lots) for tick, lots in changed if lots or tick in self._told]
        self._told.update(self._changes)
        self._told.intersection_update(self._levels)
        self._changes = {}
        return told

    def _set(self, tick: int, lots: int) -> None:
        if lots:
            self._levels[tick] = lots
        else:
            del self._levels[tick]
        self._changes[tick] = lots

    def _new_lots(self) -> int:
        return 1 + int(self._random.expovariate(1.0) * self._typical_lots)

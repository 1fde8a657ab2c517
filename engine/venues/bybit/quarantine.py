"""Where unreadable input goes: counted by kind, the newest of it kept, the stream goes on."""

from __future__ import annotations

from collections import Counter, deque

KEPT_ITEMS = 32
KEPT_BYTES = 2048


class Quarantine:
    """`counts` is of everything; `kept` holds (kind, first bytes) of the newest KEPT_ITEMS."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.kept: deque[tuple[str, bytes]] = deque(maxlen=KEPT_ITEMS)

    def note(self, kind: str, raw: bytes = b"") -> None:
        """Count one anomaly of `kind` (a fixed word, never venue text)."""
        self.counts[kind] += 1
        if raw:
            self.kept.append((kind, bytes(raw[:KEPT_BYTES])))

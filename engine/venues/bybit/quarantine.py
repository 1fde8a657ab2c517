"""Where unreadable input goes: counted by kind, the newest of it kept, the stream goes on."""

from __future__ import annotations

from collections import Counter, deque

from engine.core.status import InputStatus
from engine.venues.text import sanitise

KEPT_ITEMS = 32
KEPT_BYTES = 2048


class Quarantine:
    """`counts` is of everything; `kept` holds (kind, first bytes) of the newest KEPT_ITEMS.

    So it never holds more than KEPT_ITEMS × KEPT_BYTES, whatever arrives. `last` says in plain
    text what was wrong with the newest.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.kept: deque[tuple[str, bytes]] = deque(maxlen=KEPT_ITEMS)
        self.last = ""

    def note(self, kind: str, raw: bytes = b"", why: object = "") -> None:
        """Count one anomaly of `kind` (a fixed word, never venue text); `why` may be anything."""
        self.counts[kind] += 1
        head = bytes(raw[:KEPT_BYTES])
        if raw:
            self.kept.append((kind, head))
        shown = str(why) or head[:80].decode("utf-8", "replace")
        self.last = sanitise(f"{kind}: {shown}" if shown else kind)

    def status(self) -> InputStatus:
        """How much was set aside, for people and metrics."""
        return InputStatus(count=self.counts.total(), kinds=dict(self.counts), last=self.last)

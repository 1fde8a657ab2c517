"""The venue's clock against ours, from round trips: the surest of the recent answers counts."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from engine.core.status import ClockStatus

SAMPLES_KEPT = 8


class _Sample(NamedTuple):
    """One answer; the true offset is within half of the round trip."""

    offset_ns: int
    round_trip_ns: int

    def agrees(self, other: _Sample) -> bool:
        """True when one offset explains both."""
        apart_ns = abs(self.offset_ns - other.offset_ns)
        return 2 * apart_ns <= self.round_trip_ns + other.round_trip_ns


class VenueTime:
    """How far the venue's clock is ahead of ours, by the newest answers.

    `status` has the offset of the answer with the shortest round trip, of the newest of equals.
    """

    def __init__(self) -> None:
        self.status = ClockStatus()
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES_KEPT)

    def note(self, sent_ns: int, venue_ns: int, received_ns: int, *, anew: bool = False) -> None:
        """Take one answer: the venue's time against the middle of the round trip.

        Older answers that cannot be true beside it are of before a clock was set; `anew` drops
        all of them, because the venue did not take a time that came of them.
        """
        offset_ns = venue_ns - (sent_ns + received_ns) // 2
        sample = _Sample(offset_ns, received_ns - sent_ns)
        if anew or not all(sample.agrees(other) for other in self._samples):
            self._samples.clear()
        self._samples.append(sample)
        surest = min(reversed(self._samples), key=lambda one: one.round_trip_ns)
        self.status = ClockStatus(
            ts=received_ns, offset_ns=surest.offset_ns, round_trip_ns=surest.round_trip_ns
        )

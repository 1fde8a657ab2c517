"""The venue's clock: the surest of the recent answers, until a clock was set."""

from __future__ import annotations

from engine.core.status import ClockStatus
from engine.venues.bybit.venue_time import SAMPLES_KEPT, VenueTime

MS = 1_000_000
S = 1_000 * MS


def note(time: VenueTime, at_ns: int, offset_ms: int, trip_ms: int, *, anew: bool = False) -> int:
    """One answer that shows this offset; the offset in ms that counts after it."""
    venue_ns = at_ns - trip_ms * MS // 2 + offset_ms * MS
    time.note(at_ns - trip_ms * MS, venue_ns, at_ns, anew=anew)
    return time.status.offset_ns // MS


def test_nothing_is_known_before_the_first_answer() -> None:
    assert VenueTime().status == ClockStatus(ts=0, offset_ns=0, round_trip_ns=0)


def test_the_venues_time_is_held_against_the_middle_of_the_round_trip() -> None:
    time = VenueTime()
    time.note(1_000 * MS, 1_350 * MS, 1_100 * MS)
    expected = ClockStatus(ts=1_100 * MS, offset_ns=300 * MS, round_trip_ns=100 * MS)
    assert time.status == expected


def test_the_shortest_round_trip_counts_and_the_newest_of_equals() -> None:
    time = VenueTime()
    assert note(time, 1 * S, 20, 40) == 20
    assert note(time, 2 * S, 10, 10) == 10
    assert note(time, 3 * S, 30, 60) == 10
    assert time.status.ts == 3 * S
    assert note(time, 4 * S, 12, 10) == 12


def test_an_answer_that_contradicts_the_older_ones_is_believed_alone() -> None:
    time = VenueTime()
    assert note(time, 1 * S, 10, 10) == 10
    assert note(time, 2 * S, 15, 20) == 10
    assert note(time, 3 * S, 26, 20) == 26
    assert note(time, 4 * S, 40, 10) == 40


def test_what_the_venue_did_not_take_is_measured_anew() -> None:
    time = VenueTime()
    note(time, 1 * S, 10, 10)
    assert note(time, 2 * S, 20, 40, anew=True) == 20


def test_an_old_answer_is_forgotten() -> None:
    time = VenueTime()
    note(time, 1 * S, 10, 10)
    for number in range(SAMPLES_KEPT):
        assert note(time, (2 + number) * S, 12, 20) == (12 if number == SAMPLES_KEPT - 1 else 10)

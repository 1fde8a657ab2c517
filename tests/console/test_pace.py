"""Frame times are medians that change at most once a second."""

from __future__ import annotations

from console.pace import Pace


def test_figures_change_at_most_once_a_second_and_are_medians() -> None:
    pace = Pace()
    pace.note(10.0, 0.004, 0.001)
    assert (pace.frame_ms, pace.lag_ms) == (4.0, 1.0)
    for frame_s in (0.010, 0.002, 0.006):
        pace.note(10.5, frame_s, 0.0)
    assert pace.frame_ms == 4.0
    pace.note(11.0, 0.100, 0.002)
    assert (pace.frame_ms, pace.lag_ms) == (8.0, 0.0)

from __future__ import annotations

import pytest

from engine.journal.frames import Frames, frame

VALUES = [[(1, "order", b"{}")], (7, ""), (0, "the disk is full \u2026"), None, [], b"x" * 100_000]


@pytest.mark.parametrize("step", [1, 3, 4, 1_000, 10**6])
def test_values_come_out_as_they_went_in_however_they_are_cut(step: int) -> None:
    data = b"".join(frame(value) for value in VALUES)
    frames = Frames()
    found = []
    for start in range(0, len(data), step):
        found += frames.feed(data[start : start + step])
    assert found == VALUES


def test_a_value_comes_once_it_is_whole() -> None:
    frames = Frames()
    data = frame("late")
    assert frames.feed(data[:-1]) == []
    assert frames.feed(data[-1:] + frame(2)[:2]) == ["late"]
    assert frames.feed(frame(2)[2:]) == [2]

"""Two presses within three seconds kill; one only halts; after a sweep each sends again."""

from __future__ import annotations

from console.kill_key import KillKey
from engine.core.types import KillLevel

HALT, KILL = KillLevel.HALT, KillLevel.KILL


def test_the_first_press_halts_and_the_second_within_three_seconds_kills() -> None:
    key = KillKey()
    assert [key.press(10.0), key.press(13.0)] == [HALT, KILL]


def test_a_second_press_after_three_seconds_is_a_first_one_again() -> None:
    key = KillKey()
    assert [key.press(10.0), key.press(13.1), key.press(14.0)] == [HALT, HALT, KILL]


def test_after_a_kill_every_press_sends_the_cancels_again() -> None:
    key = KillKey()
    key.press(10.0)
    key.press(11.0)
    assert [key.press(60.0), key.press(600.0)] == [KILL, KILL]


def test_both_stages_at_once_are_a_kill_and_stay_one() -> None:
    key = KillKey()
    assert key.both() is KILL
    assert key.press(100.0) is KILL


def test_once_trading_resumed_the_next_press_only_halts() -> None:
    key = KillKey()
    key.both()
    key.released(50.0)
    assert key.press(60.0) is HALT


def test_the_moment_before_a_press_takes_effect_does_not_forget_it() -> None:
    key = KillKey()
    key.press(10.0)
    key.released(10.1)
    assert key.press(11.0) is KILL
    key.released(11.1)
    assert key.press(12.0) is KILL

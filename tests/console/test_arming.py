"""SAFE and ARMED: the grant, its five minutes, and everything that takes it back."""

from __future__ import annotations

import msgspec
import pytest

from console.arming import Arming, ArmState, Health

S = 1_000_000_000
WELL = Health(account="desk")


def test_a_console_starts_safe() -> None:
    assert Arming().state(0, halted=False) is ArmState.SAFE


def test_armed_lasts_five_minutes_and_counts_down() -> None:
    arming = Arming()
    assert arming.arm(10 * S, WELL) is None
    assert arming.state(10 * S, halted=False) is ArmState.ARMED
    assert arming.left_s(10 * S) == 300
    assert arming.left_s(309 * S + 1) == 1
    assert arming.check(309 * S, WELL) is None
    assert arming.check(310 * S, WELL) == "5 minutes are over"
    assert arming.state(310 * S, halted=False) is ArmState.SAFE


def test_the_end_is_told_once() -> None:
    arming = Arming()
    arming.arm(0, WELL)
    arming.check(300 * S, WELL)
    assert arming.check(301 * S, WELL) is None


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ({"halted": True}, "trading is halted"),
        ({"link_up": False}, "the venue link is down"),
        ({"drift": 1}, "positions drift from the venue"),
        ({"tty_closed_s": 1.1}, "the terminal is slow"),
        ({"loop_lag_s": 0.6}, "the screen is slow"),
        ({"too_small": True}, "the terminal is too small"),
        ({"focused": False}, "the window lost focus"),
        ({"account": "other"}, "the account changed"),
    ],
)
def test_trouble_takes_the_grant_back(trouble: dict[str, object], reason: str) -> None:
    arming = Arming()
    arming.arm(0, WELL)
    assert arming.check(S, msgspec.structs.replace(WELL, **trouble)) == reason
    assert arming.state(S, halted=False) is ArmState.SAFE


def test_small_delays_are_no_trouble() -> None:
    arming = Arming()
    arming.arm(0, WELL)
    well = msgspec.structs.replace(WELL, tty_closed_s=0.9, loop_lag_s=0.4)
    assert arming.check(S, well) is None


def test_nothing_can_be_armed_while_something_is_wrong() -> None:
    arming = Arming()
    assert arming.arm(0, msgspec.structs.replace(WELL, drift=2)) == "positions drift from the venue"
    assert arming.state(0, halted=False) is ArmState.SAFE


def test_disarming_says_whether_there_was_a_grant() -> None:
    arming = Arming()
    assert not arming.disarm()
    arming.arm(0, WELL)
    assert arming.disarm()
    assert arming.state(0, halted=False) is ArmState.SAFE


def test_halted_shadows_armed_and_read_only_shadows_all() -> None:
    arming = Arming()
    arming.arm(0, WELL)
    assert arming.state(1, halted=True) is ArmState.HALTED
    assert Arming(read_only=True).state(1, halted=True) is ArmState.READ_ONLY


def test_a_read_only_console_cannot_be_armed() -> None:
    assert Arming(read_only=True).arm(0, WELL) == "this console is read-only"

"""One session: folds, arms, disarms, and makes a frame only where something changed."""

from __future__ import annotations

import msgspec
import pytest

from console.arming import ArmState
from console.ids import Ids
from console.keymap import read_keymap
from console.options import Options
from console.session import Session, Sight
from engine.clock import SimClock
from engine.core import events as ev
from engine.core.status import EngineStatus, Envelope, LinkUpdate
from tests.console.fakes import NOW, NS, FakeLink, busy_link, status


class Steps:
    """A session turned by hand, a tenth of a second a turn."""

    def __init__(self, link: FakeLink | None = None, **options: object) -> None:
        self.link = busy_link() if link is None else link
        self.clock = SimClock(NOW)
        self.s = 100.0
        wanted = Options(**options)  # type: ignore[arg-type]
        self.session = Session(self.link, self.clock, wanted, read_keymap(), ids=Ids("run"))

    def turn(self, after_s: float = 0.1, **sight: object) -> bool:
        """Turn once; True when there was a frame. `notices` holds what was said."""
        self.s += after_s
        self.clock.move_to(self.clock.now_ns() + round(after_s * NS))
        turned = self.session.turn(self.s, Sight(**sight))  # type: ignore[arg-type]
        self.notices = [notice.text for notice in turned.notices]
        self.changes = turned.changes
        return turned.frame is not None

    def healthy(self) -> None:
        self.link.tell(status(ts=self.clock.now_ns()))


def test_the_first_turn_draws_everything() -> None:
    steps = Steps()
    assert steps.turn()
    assert steps.changes.reset
    assert len(steps.session.replica.state.orders.orders) == 11


def test_nothing_new_is_no_frame() -> None:
    steps = Steps()
    steps.turn()
    steps.turn()
    assert [steps.turn() for _ in range(5)] == [False] * 5


def test_one_event_is_one_frame() -> None:
    steps = Steps()
    steps.turn()
    steps.turn()
    steps.session.desk.cancel("c-004")
    assert steps.turn()
    assert steps.changes.orders == {"c-004"}
    assert not steps.turn()


def test_a_silent_engine_is_drawn_stale_once_a_second() -> None:
    steps = Steps()
    for _ in range(3):
        steps.turn()
    assert [steps.turn() for _ in range(30)].count(True) == 2


def test_the_first_market_is_watched_and_its_first_size_shown() -> None:
    steps = Steps()
    steps.turn()
    assert steps.link.watched == {"BTCUSDT"}
    assert steps.session.ui.size == "0.002"


def test_markets_are_stepped_through_in_a_ring() -> None:
    steps = Steps()
    steps.turn()
    seen = []
    for step in (1, 1, 1, -1):
        steps.session.step_symbol(step)
        seen.append(steps.session.ui.symbol)
    assert seen == ["ETHUSDT", "SOLUSDT", "BTCUSDT", "SOLUSDT"]
    assert steps.link.watched == {"SOLUSDT"}


def test_before_the_engine_there_is_a_frame_and_no_market() -> None:
    steps = Steps(FakeLink())
    assert steps.turn()
    steps.session.step_symbol(1)
    assert (steps.session.symbols(), steps.session.ui.symbol) == ([], "")


def test_while_the_terminal_lags_events_are_folded_and_nothing_is_drawn() -> None:
    steps = Steps()
    steps.turn()
    steps.session.desk.cancel("c-004")
    assert not steps.turn(closed_s=0.2)
    assert not steps.link.order("c-004").is_open
    assert not steps.session.replica.state.orders.orders["c-004"].is_open
    assert steps.turn()
    assert steps.changes.orders == {"c-004"}


def test_a_terminal_that_lags_for_a_second_is_called_slow() -> None:
    steps = Steps()
    steps.turn(closed_s=0.5)
    assert not steps.session.ui.tty_slow
    steps.turn(closed_s=1.1)
    assert steps.session.ui.tty_slow


def test_a_missing_event_is_told_and_nothing_is_folded() -> None:
    steps = Steps()
    steps.turn()
    seq = steps.session.replica.state.seq
    event = ev.ConnectivityChanged(ts=NOW, link="public", up=True)
    steps.link.update = LinkUpdate(events=[Envelope(seq + 2, event)])
    assert not steps.turn()
    assert steps.notices == [
        f"event {seq + 1} is missing: the next one is {seq + 2}; waiting for a snapshot"
    ]
    assert steps.session.replica.state.seq == seq


def test_a_new_screen_has_everything_drawn_again() -> None:
    steps = Steps()
    steps.turn()
    steps.session.redraw()
    assert steps.turn()
    assert steps.changes.reset


def test_armed_counts_down_on_screen_and_ends_by_itself() -> None:
    steps = Steps(hz=1.0)
    steps.turn(1.0)
    assert steps.session.arm() is None
    shown = []
    for _ in range(300):
        steps.healthy()
        steps.turn(1.0)
        shown.append(steps.session.ui.arm_left_s)
    assert shown == list(range(299, -1, -1))
    assert steps.notices == ["SAFE: 5 minutes are over"]
    assert steps.session.arm_state() is ArmState.SAFE


@pytest.mark.parametrize(
    ("status_change", "reason"),
    [
        ({"private_up": False}, "SAFE: the venue link is down"),
        ({"public_up": False}, "SAFE: the venue link is down"),
    ],
)
def test_a_link_that_goes_down_disarms(status_change: dict[str, object], reason: str) -> None:
    steps = Steps()
    steps.turn()
    steps.session.arm()
    down: EngineStatus = msgspec.structs.replace(status(), **status_change)
    steps.link.tell(down)
    steps.turn()
    assert steps.notices == [reason]
    assert steps.session.arm() == reason.removeprefix("SAFE: ")


@pytest.mark.parametrize(
    ("sight", "after_s", "reason"),
    [
        ({"too_small": True}, 0.1, "the terminal is too small"),
        ({"focused": False}, 0.1, "the window lost focus"),
        ({"closed_s": 1.5}, 0.1, "the terminal is slow"),
        ({}, 0.7, "the screen is slow"),
    ],
)
def test_a_screen_in_trouble_disarms(sight: dict[str, object], after_s: float, reason: str) -> None:
    steps = Steps()
    steps.turn()
    steps.session.arm()
    steps.turn(after_s, **sight)
    assert steps.notices == [f"SAFE: {reason}"]


def test_a_halt_disarms() -> None:
    steps = Steps()
    steps.turn()
    steps.session.arm()
    steps.session.desk.press_kill(steps.s)
    steps.turn()
    assert steps.notices == ["SAFE: trading is halted"]
    assert steps.session.arm_state() is ArmState.HALTED
    assert steps.session.ui.arm == "SAFE"


def test_after_a_release_the_kill_key_begins_with_the_halt_again() -> None:
    steps = Steps()
    steps.turn()
    steps.session.desk.press_kill(steps.s)
    steps.session.desk.press_kill(steps.s + 1)
    steps.turn()
    steps.session.desk.release("paper", "drill over")
    steps.turn(10.0)
    steps.session.desk.press_kill(steps.s + 20)
    assert [level for level, _, _ in steps.link.kills] == ["halt", "kill", "halt"]


def test_an_engine_that_ended_by_itself_is_told_once() -> None:
    steps = Steps()
    steps.turn()
    steps.session.failure = "OSError: disk full"
    steps.turn()
    assert steps.notices == ["the engine stopped by itself: OSError: disk full"]
    steps.turn()
    assert steps.notices == []


def test_bad_news_about_own_orders_is_told() -> None:
    steps = Steps()
    steps.turn()
    steps.session.desk.sent.add("cmd-x")
    steps.link.push(ev.CommandRefused(ts=NOW, command_id="cmd-x", command="cancel", code="CLOSED"))
    steps.turn()
    assert steps.notices == ["refused: CLOSED"]


def test_the_port_of_the_metrics_is_told_once() -> None:
    steps = Steps()
    steps.turn()
    steps.link.tell(status(metrics_port=41873))
    steps.turn()
    assert steps.notices == ["metrics on http://127.0.0.1:41873/metrics"]
    steps.link.tell(status(metrics_port=41873))
    steps.turn()
    assert steps.notices == []

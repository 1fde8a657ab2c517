from __future__ import annotations

from engine.core.reports import InputLost
from engine.core.requests import QueryAccount, StartTimer, TimerFired
from tests.support.desk import Desk


def test_f34_what_could_not_be_read_is_asked_for_at_once_and_a_flood_of_it_not_often() -> None:
    desk = Desk()
    asked = []
    for _ in range(1_000):
        assert desk.give(InputLost(text="an unreadable message")) == []
        asked += desk.requests
    assert asked == [QueryAccount(), StartTimer(kind="lost", key="", after_s=5.0)]


def test_a_flood_that_ends_is_asked_for_once_more_when_the_pause_is_over() -> None:
    desk = Desk()
    desk.give(InputLost())
    assert desk.requests == [QueryAccount()]
    desk.later(2)
    desk.give(InputLost())
    assert desk.requests == [StartTimer(kind="lost", key="", after_s=3.0)]
    desk.give(InputLost())
    assert desk.requests == []
    desk.later(3)
    desk.give(TimerFired(kind="lost", key=""))
    assert desk.requests == [QueryAccount()]
    desk.later(6)
    desk.give(InputLost())
    assert desk.requests == [QueryAccount()]

from collections import deque

from engine.core.activity import DAY_NS, TERMS_KEPT, Activity, DayCounts, count_since
from engine.core.orders.terms import Trigger, TriggerDirection
from engine.core.types import OrderType, Side
from tests.support.desk import d

LIMIT = OrderType.LIMIT


def test_counting_stops_at_the_first_time_that_is_not_later() -> None:
    assert count_since(deque([1, 5, 7, 9]), 5) == 2
    assert count_since(deque([6, 7]), 5) == 2
    assert count_since(deque(), 5) == 0


def test_a_day_counts_from_zero() -> None:
    activity = Activity()
    activity.submitted(DAY_NS - 1, "BTCUSDT", Side.BUY, d(1), d(1), LIMIT)
    activity.message(DAY_NS - 1)
    activity.filled(DAY_NS - 1, "BTCUSDT", Side.BUY, first=True)
    assert activity.today == DayCounts(0, submits=1, messages=2, fills=1)
    assert activity.day_counts(DAY_NS - 1) is activity.today
    assert activity.day_counts(DAY_NS) == DayCounts(1)
    activity.message(DAY_NS)
    assert activity.today == DayCounts(1, messages=1)


def test_the_same_terms_are_the_same_number_however_they_are_written() -> None:
    activity = Activity()
    activity.submitted(5, "BTCUSDT", Side.BUY, d("1.0"), d("60000.00"), LIMIT)
    assert activity.last_same("BTCUSDT", Side.BUY, d(1), d(60_000), LIMIT) == 5
    assert activity.last_same("BTCUSDT", Side.SELL, d(1), d(60_000), LIMIT) == 0
    waits = Trigger(d(61_000), TriggerDirection.RISES)
    assert activity.last_same("BTCUSDT", Side.BUY, d(1), d(60_000), LIMIT, waits) == 0


def test_the_oldest_terms_are_forgotten_beyond_the_bound() -> None:
    activity = Activity()
    for number in range(TERMS_KEPT + 1):
        activity.submitted(number + 1, "BTCUSDT", Side.BUY, d(number + 1), None, LIMIT)
    assert activity.last_same("BTCUSDT", Side.BUY, d(1), None, LIMIT) == 0
    assert activity.last_same("BTCUSDT", Side.BUY, d(2), None, LIMIT) == 2


def test_what_led_to_a_stop_is_forgiven_with_its_end() -> None:
    activity = Activity()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        activity.rejected(1, symbol, "PRICE")
        activity.filled(1, symbol, Side.SELL, first=True)
        activity.filled(2, symbol, Side.SELL, first=False)
    activity.forgive("BTCUSDT")
    assert activity.rejecting_symbols() == ["ETHUSDT"]
    assert activity.rejects_of("BTCUSDT") == {}
    assert not activity.filled_orders("BTCUSDT", Side.SELL)
    assert list(activity.filled_orders("ETHUSDT", Side.SELL)) == [1]
    activity.forgive()
    assert not activity.rejects

from engine.core.commands import AmendOrder
from engine.core.orders.exposure import Doubt
from engine.core.reports import Outcome
from engine.core.state import State
from engine.core.types import Side
from tests.support.desk import Desk, d, fill, outcome


def test_an_open_order_counts_with_what_it_can_still_fill() -> None:
    desk = Desk()
    desk.working("a1", qty=d("0.010"))
    desk.give(fill("e1", "0.004"))
    assert desk.state.exposure.working("BTCUSDT", Side.BUY) == d("0.006")
    assert desk.state.exposure.working("BTCUSDT", Side.SELL) == 0
    assert desk.state.exposure.count() == 1
    assert desk.state.exposure.count("BTCUSDT") == 1
    assert desk.state.exposure.count("ETHUSDT") == 0


def test_an_order_of_unknown_fate_counts_as_if_it_were_live() -> None:
    desk = Desk()
    desk.give(desk.place("a1", qty=d("0.010")))
    desk.give(outcome("a1", result=Outcome.UNKNOWN))
    assert desk.state.exposure.working("BTCUSDT", Side.BUY) == d("0.010")


def test_a_pending_amend_counts_at_the_larger_quantity() -> None:
    desk = Desk()
    desk.working("a1", qty=d("0.010"))
    desk.give(fill("e1", "0.004"))
    desk.give(AmendOrder(command_id="m1", client_order_id="a1", qty=d("0.020")))
    assert desk.state.exposure.working("BTCUSDT", Side.BUY) == d("0.016")
    desk.working("a2", qty=d("0.010"))
    desk.give(AmendOrder(command_id="m2", client_order_id="a2", qty=d("0.002")))
    assert desk.state.exposure.working("BTCUSDT", Side.BUY) == d("0.026")


def test_a_filled_order_whose_larger_quantity_is_on_its_way_counts_after_a_snapshot_too() -> None:
    desk = Desk()
    desk.working("a1", qty=d("0.010"))
    desk.give(AmendOrder(command_id="m1", client_order_id="a1", qty=d("0.030")))
    desk.give(fill("e1", "0.010"))
    for state in (desk.state, State.decode(desk.state.encode())):
        assert state.exposure.working("BTCUSDT", Side.BUY) == d("0.020")
        assert state.exposure.count() == 1


def test_an_order_that_ends_counts_no_more() -> None:
    desk = Desk()
    desk.working("a1")
    desk.give(fill("e1", "0.010"))
    assert desk.state.exposure.working("BTCUSDT", Side.BUY) == 0
    assert desk.state.exposure.count() == 0


def test_what_is_not_known_of_an_order_is_counted_by_symbol_and_in_all() -> None:
    desk = Desk()
    exposure = desk.state.exposure
    desk.give(desk.place("a1"))
    desk.give(desk.place("a2"))
    desk.working("a3")
    desk.give(outcome("a2", result=Outcome.UNKNOWN))
    for symbol in ("BTCUSDT", ""):
        assert [exposure.in_doubt(doubt, symbol) for doubt in Doubt] == [1, 1, 1]
    assert exposure.in_doubt(Doubt.INFLIGHT, "ETHUSDT") == 0
    desk.give(outcome("a1", result=Outcome.REJECTED))
    desk.give(outcome("a2"))
    for symbol in ("BTCUSDT", ""):
        assert [exposure.in_doubt(doubt, symbol) for doubt in Doubt] == [2, 0, 0]
    assert exposure.count("BTCUSDT") == 2

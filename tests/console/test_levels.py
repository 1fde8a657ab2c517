"""Own quantity by price follows every change of an order."""

from __future__ import annotations

from decimal import Decimal as D

from console.levels import OwnLevels
from engine.core.events import Event, EventType
from engine.core.state import State, evolve
from tests.console.fakes import BTC, BUY, ETH, SELL, fill, happened, order_events

P = D("60900.0")


class Book:
    """A state and the levels that follow it."""

    def __init__(self, *events: Event) -> None:
        self.state, self.levels = State(), OwnLevels()
        self.take(*events)

    def take(self, *events: Event) -> None:
        for event in events:
            evolve(self.state, event)
            self.levels.update(self.state.orders.orders[event.client_order_id])  # type: ignore[union-attr]


def _book() -> Book:
    return Book(
        *order_events("a", BTC, BUY, "0.500", "60900.0", 5),
        *order_events("b", BTC, BUY, "0.200", "60900.0", 4),
        *order_events("c", BTC, SELL, "0.100", "60900.0", 3),
        *order_events("d", ETH, SELL, "1.00", "2710.00", 2),
        *order_events("m", BTC, SELL, "0.100", None, 1),
    )


def test_orders_at_one_price_add_up_and_sides_stay_apart() -> None:
    levels = _book().levels
    assert levels.quantities("BTCUSDT") == {(BUY, P): D("0.700"), (SELL, P): D("0.100")}
    assert levels.order_ids("BTCUSDT", P) == ("a", "b", "c")


def test_a_market_order_has_no_level() -> None:
    assert "m" not in _book().levels.order_ids("BTCUSDT", P)


def test_a_fill_takes_from_the_level() -> None:
    book = _book()
    book.take(fill("a", "e-1", "0.200", "60900.0", 0))
    assert book.levels.quantities("BTCUSDT")[(BUY, P)] == D("0.500")


def test_a_closed_order_leaves_and_an_empty_level_is_gone() -> None:
    book = _book()
    book.take(happened("c", EventType.CANCEL_REQUEST, 0), happened("c", EventType.CANCEL_ACK, 0))
    assert book.levels.quantities("BTCUSDT") == {(BUY, P): D("0.700")}
    assert book.levels.order_ids("BTCUSDT", P) == ("a", "b")


def test_an_amended_order_moves_to_its_new_price() -> None:
    book = _book()
    book.take(
        happened("a", EventType.REPLACE_REQUEST, 0, price=D("60950.0")),
        happened("a", EventType.REPLACE_ACK, 0, price=D("60950.0")),
    )
    assert book.levels.quantities("BTCUSDT")[(BUY, D("60950.0"))] == D("0.500")
    assert book.levels.quantities("BTCUSDT")[(BUY, P)] == D("0.200")


def test_what_changes_nothing_here_keeps_the_order_of_ids() -> None:
    book = _book()
    book.levels.update(book.state.orders.orders["a"])
    assert book.levels.order_ids("BTCUSDT", P) == ("a", "b", "c")


def test_a_symbol_without_orders_has_no_levels() -> None:
    levels = _book().levels
    assert levels.quantities("SOLUSDT") == {}
    assert levels.order_ids("SOLUSDT", P) == ()


def test_clear_forgets_everything() -> None:
    levels = _book().levels
    levels.clear()
    assert levels.quantities("BTCUSDT") == {}
    assert levels.order_ids("BTCUSDT", P) == ()

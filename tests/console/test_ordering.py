"""The display order kept order by order is the one that sorting everything would give."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from console.filtering import parse_filter
from console.ordering import OrderIndex
from console.views.blotter import SORT_KEYS
from engine.core.orders.machine import Order
from engine.core.types import OrderState
from tests.console.fakes import busy_link

ORDERS = busy_link().state.orders.orders


def _index(text: str = "", column: str = "time", *, descending: bool = True) -> OrderIndex:
    index = OrderIndex()
    index.filter = parse_filter(text)
    index.arrange(column, descending=descending)
    index.rebuild(ORDERS.values())
    return index


def test_the_newest_order_is_on_top() -> None:
    index = _index()
    assert (index[0], index[len(index) - 1]) == ("c-011", "c-001")
    assert index.ids() == [f"c-{n:03}" for n in range(11, 0, -1)]


def test_the_place_of_an_order_is_where_it_is_shown() -> None:
    for descending in (True, False):
        index = _index(column="price", descending=descending)
        assert [index.place(order_id) for order_id in index.ids()] == list(range(len(index)))


def test_an_order_that_is_not_shown_has_no_place() -> None:
    assert _index("side:buy").place("c-002") is None


def test_a_new_order_comes_in_where_it_belongs() -> None:
    index = OrderIndex()
    for order_id in ("c-003", "c-011", "c-001"):
        index.update(ORDERS[order_id])
    assert index.ids() == ["c-011", "c-003", "c-001"]


def test_an_order_that_no_longer_matches_goes_out() -> None:
    index = _index("state:open")
    order = _copy(ORDERS["c-003"])
    order.state = OrderState.FILLED
    index.update(order)
    assert "c-003" not in index.ids()
    index.update(order)
    assert len(index) == 5


def test_an_order_whose_key_changed_moves() -> None:
    index = _index(column="retries")
    order = _copy(ORDERS["c-001"])
    order.attempts = 9
    index.update(order)
    assert index[0] == "c-001"
    assert len(index) == len(ORDERS)


@given(
    st.sampled_from(sorted(SORT_KEYS)),
    st.booleans(),
    st.sampled_from(["", "state:open", "sym:BTC*", "side:buy"]),
    st.lists(
        st.tuples(
            st.sampled_from(sorted(ORDERS)),
            st.sampled_from(list(OrderState)),
            st.integers(0, 3),
        ),
        max_size=30,
    ),
)
def test_any_sequence_of_changes_ends_in_the_sorted_order(
    column: str, descending: bool, text: str, changes: list[tuple[str, OrderState, int]]
) -> None:
    orders = {order_id: _copy(order) for order_id, order in ORDERS.items()}
    kept, fresh = _index(text, column, descending=descending), OrderIndex()
    for order_id, state, attempts in changes:
        orders[order_id].state, orders[order_id].attempts = state, attempts
        kept.update(orders[order_id])
    fresh.filter = parse_filter(text)
    fresh.arrange(column, descending=descending)
    fresh.rebuild(orders.values())
    assert kept.ids() == fresh.ids()


def _copy(order: Order) -> Order:
    return copy.copy(order)

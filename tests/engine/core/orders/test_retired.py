from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.core.orders.machine import Order
from engine.core.orders.retired import RetiredOrders, SavedRetired, Whereabouts
from engine.core.types import EXTERNAL, Side
from tests.support.desk import d


def order(number: int, *, external: bool = False, venue_id: str | None = None) -> Order:
    return Order(
        client_order_id=f"a{number}",
        exchange_order_id=f"x{number}" if venue_id is None else venue_id,
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=d(1),
        by=EXTERNAL if external else "operator",
        first_seq=number,
        last_seq=number + 7,
    )


def test_an_order_is_known_by_either_id() -> None:
    retired = RetiredOrders()
    retired.add(order(5))
    assert retired.find("a5") == retired.find("x5") == Whereabouts(5, 12, False)
    assert retired.count == 1


def test_what_was_never_there_is_not_known() -> None:
    retired = RetiredOrders()
    assert retired.find("a5") is None
    retired.add(order(5, venue_id=""))
    assert [retired.find(name) for name in ("", "x5", "a6")] == [None, None, None]


def test_an_external_order_stays_one() -> None:
    retired = RetiredOrders()
    retired.add(order(5, external=True, venue_id="a5"))
    assert retired.find("a5") == Whereabouts(5, 12, True)


def test_a_removed_order_is_forgotten_under_both_ids() -> None:
    retired = RetiredOrders()
    retired.add(order(5))
    retired.remove(order(5))
    assert (retired.find("a5"), retired.find("x5"), retired.saved()) == (None, None, None)


def test_ten_thousand_orders_cost_less_than_fifty_bytes_each_to_save() -> None:
    retired = RetiredOrders()
    for number in range(10_000):
        retired.add(order(number))
    saved = retired.saved()
    assert saved is not None
    assert sum(map(len, saved.shelves.values())) == 10_000 * 40
    assert all(retired.find(f"a{n}") == Whereabouts(n, n + 7, False) for n in range(10_000))
    assert not any(retired.find(f"b{n}") for n in range(10_000))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=80))
def test_it_is_a_dictionary_of_orders_also_after_it_was_saved(
    steps: list[tuple[bool, int]],
) -> None:
    retired, known = RetiredOrders(), set[int]()
    for adds, number in steps:
        if adds and number not in known:
            known.add(number)
            retired.add(order(number))
        elif not adds and number in known:
            known.remove(number)
            retired.remove(order(number))
    data = msgspec.json.encode(retired.saved())
    for each in (
        retired,
        RetiredOrders.restore(msgspec.json.decode(data, type=SavedRetired | None)),
    ):
        assert each.count == len(known)
        assert {n for n in range(41) if each.find(f"x{n}")} == known
        assert {n for n in range(41) if each.find(f"a{n}")} == known


def test_bytes_that_only_look_like_a_key_across_two_entries_are_none() -> None:
    retired = RetiredOrders()
    retired.add(order(1))
    saved = retired.saved()
    assert saved is not None
    crooked = {n: bytes(3) + entry + bytes(17) + entry for n, entry in saved.shelves.items()}
    assert RetiredOrders.restore(SavedRetired(1, crooked)).find("a1") == Whereabouts(1, 8, False)
    shifted = {n: bytes(3) + entry + bytes(17) for n, entry in saved.shelves.items()}
    assert RetiredOrders.restore(SavedRetired(1, shifted)).find("a1") is None

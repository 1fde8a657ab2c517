"""The table of limits: what each may be, and which way is tighter."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.core.limits import LIVE_LIMITS, PAPER_LIMITS, RiskLimits
from engine.core.limits.keys import LIMIT_KEYS, Kind, fault, is_far, is_looser, shown
from tests.support.desk import d


def test_the_table_has_every_limit_once_in_its_order() -> None:
    assert (*LIMIT_KEYS, "symbols") == RiskLimits.__struct_fields__


@pytest.mark.parametrize("limits", [PAPER_LIMITS, LIVE_LIMITS])
def test_no_default_is_at_fault(limits: RiskLimits) -> None:
    found = {key: getattr(limits, key) for key in LIMIT_KEYS}
    found["symbols_allow"] = found["symbols_allow"] or None  # a live account names its own
    assert [fault(key, value) for key, value in found.items() if fault(key, value)] == []


@pytest.mark.parametrize(
    ("key", "value", "wrong"),
    [
        ("max_order_qty", d(0), "max_order_qty must be a number greater than 0"),
        ("max_order_qty", d("1e13"), "max_order_qty must be a number greater than 0"),
        ("max_order_qty", d("NaN"), "max_order_qty must be a number greater than 0"),
        ("max_order_qty", d("Infinity"), "max_order_qty must be a number greater than 0"),
        ("max_order_qty", 5, "max_order_qty must be a number greater than 0"),
        ("max_order_qty", None, ""),
        ("max_order_qty", d("1e12"), ""),
        ("price_collar", d(1), "price_collar must be a fraction between 0 and 1"),
        ("price_collar", d("NaN"), "price_collar must be a fraction between 0 and 1"),
        ("price_collar", None, "price_collar cannot be turned off"),
        ("price_collar", d("0.5"), ""),
        ("max_leverage", d("0.5"), ""),
        ("max_margin_use", d("1.5"), "max_margin_use must be a fraction between 0 and 1"),
        ("orders_per_s", 4_001, "orders_per_s must be a whole number from 1 to 4000"),
        ("orders_per_s", 0, "orders_per_s must be a whole number from 1 to 4000"),
        ("orders_per_s", True, "orders_per_s must be a whole number from 1 to 4000"),
        ("orders_per_s", d(5), "orders_per_s must be a whole number from 1 to 4000"),
        ("orders_per_s", 4_000, ""),
        ("deny_self_trade", 1, "deny_self_trade must be on or off"),
        ("deny_self_trade", False, ""),
        ("symbols_allow", (), f"symbols_allow must be {Kind.SYMBOLS}"),
        ("symbols_allow", ("A", "A"), f"symbols_allow must be {Kind.SYMBOLS}"),
        ("symbols_allow", ("A", "B"), ""),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_or_beyond_its_bounds_is_at_fault(
    key: str, value: Any, wrong: str
) -> None:
    assert fault(key, value) == wrong


@pytest.mark.parametrize(
    ("key", "tight", "loose"),
    [
        ("max_order_qty", d(1), d("1.1")),
        ("max_order_qty", d(1), None),
        ("max_open_orders", 5, 6),
        ("price_collar", d("0.01"), d("0.02")),
        ("max_leverage", d(3), d("3.1")),
        ("max_margin_use", d("0.5"), None),
        ("min_liq_distance", d("0.15"), d("0.14")),
        ("liq_kill", d("0.08"), d("0.07")),
        ("liq_kill", d("0.08"), None),
        ("daily_loss_share", d("0.02"), d("0.03")),
        ("cool_off_s", d(60), d(59)),
        ("cool_off_s", d(60), None),
        ("duplicate_window_s", d(1), d("0.5")),
        ("check_reduce_only", True, False),
        ("check_reduce_only", True, None),
        ("symbols_allow", ("A",), ("A", "B")),
        ("symbols_allow", ("A",), None),
        ("symbols_allow", None, None),
    ],
)
def test_one_way_is_looser_and_the_other_is_not(key: str, tight: Any, loose: Any) -> None:
    assert is_looser(key, tight, loose) is (tight != loose)
    assert not is_looser(key, loose, tight)


def test_another_list_of_markets_is_looser_in_either_direction() -> None:
    assert is_looser("symbols_allow", ("A",), ("B",))
    assert is_looser("symbols_allow", ("B",), ("A",))


@pytest.mark.parametrize(
    ("key", "old", "new", "far"),
    [
        ("max_order_qty", d(5), d(10), False),
        ("max_order_qty", d(5), d("10.1"), True),
        ("max_order_qty", d(5), None, True),
        ("max_open_orders", 5, 11, True),
        ("cool_off_s", d(60), d(30), False),
        ("cool_off_s", d(60), d(29), True),
        ("check_reduce_only", True, False, False),
        ("check_reduce_only", True, None, False),
        ("symbols_allow", ("A",), None, False),
    ],
)
def test_more_than_twice_and_no_limit_at_all_are_far(
    key: str, old: Any, new: Any, far: bool
) -> None:
    assert is_far(key, old, new) is far


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "off"),
        (False, "off"),
        (True, "on"),
        (Decimal("1E+3"), "1000"),
        (7, "7"),
        (("A", "B"), "A, B"),
    ],
)
def test_a_value_in_words(value: Any, words: str) -> None:
    assert shown(value) == words

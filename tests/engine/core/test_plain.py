from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from engine.core.plain import decimal_text, one_of, to_plain
from engine.core.types import Side


class Leaf(msgspec.Struct):
    size: Decimal
    side: Side = Side.BUY


class Tree(msgspec.Struct):
    leaves: dict[str, list[Leaf]]
    pair: tuple[Decimal, Decimal] | None = None
    count: int = 3
    ratio: float = 0.5
    yes: bool = True


@pytest.mark.parametrize(
    ("number", "text"),
    [("0.00000001", "0.00000001"), ("1E+3", "1000"), ("-0.50", "-0.50"), ("0E-9", "0.000000000")],
)
def test_a_decimal_is_written_in_full(number: str, text: str) -> None:
    assert decimal_text(Decimal(number)) == text


def test_structs_become_plain_values_however_deep() -> None:
    tree = Tree({"a": [Leaf(Decimal("1E-8")), Leaf(Decimal(2), Side.SELL)]})
    assert to_plain(tree) == {
        "leaves": {"a": [{"size": "0.00000001", "side": "Buy"}, {"size": "2", "side": "Sell"}]},
        "pair": None,
        "count": 3,
        "ratio": 0.5,
        "yes": True,
    }


def test_a_pair_of_decimals_becomes_a_list_of_text() -> None:
    assert to_plain(Tree({}, (Decimal("1.10"), Decimal(0))))["pair"] == ["1.10", "0"]


def test_two_numbers_that_are_written_alike_are_one_object() -> None:
    number, known = Decimal("100.0"), Decimal("100.0")
    assert one_of(number, known) is known
    assert one_of(number, Decimal(100)) is number
    assert one_of(number, None) is number

from decimal import Decimal

import pytest

from engine.core.types import OrderState, Side, to_decimal


def test_a_side_has_a_sign_and_an_opposite() -> None:
    assert [(side.sign, side.opposite) for side in Side] == [(1, Side.SELL), (-1, Side.BUY)]


def test_states_carry_the_spelling_of_files_and_know_when_nothing_is_left_to_work() -> None:
    assert OrderState.PARTIALLY_FILLED.value == "PartiallyFilled"
    closed = [state for state in OrderState if state.is_closed]
    assert closed == ["Denied", "Filled", "Canceled", "Rejected", "Expired"]


@pytest.mark.parametrize(
    ("given", "expected"), [(0.1, "0.1"), ("1.50", "1.50"), (7, "7"), (Decimal(2), "2")]
)
def test_numbers_are_taken_as_they_read(given: float | str, expected: str) -> None:
    assert str(to_decimal(given)) == expected


@pytest.mark.parametrize("given", ["x", "NaN", float("inf"), Decimal("NaN"), "", None])
def test_what_is_no_finite_number_is_refused_by_name(given: object) -> None:
    with pytest.raises(ValueError, match=r"^qty: "):
        to_decimal(given, "qty")  # type: ignore[arg-type]

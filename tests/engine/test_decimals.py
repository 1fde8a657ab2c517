"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.decimals import parse_decimal


@pytest.mark.parametrize("written", ["0.010", "5", "-5", "+.5", "5.", "1e-3"])
def test_what_people_write_is_a_number(written: str) -> None:
    assert parse_decimal(written) == Decimal(written)


@pytest.mark.parametrize(
    "written", ["", " 1", "1_000", "NaN", "Infinity", "\u0661", "0x1", "1,5", "1e99999", "1" * 61]
)
def test_what_only_a_machine_would_accept_is_none(written: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse_decimal(written)

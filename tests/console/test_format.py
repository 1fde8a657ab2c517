"""Numbers and times read as a trader expects, and never say more or less than is known."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from console import format as fmt

TICK = D("0.10")


@pytest.mark.parametrize(
    ("step", "digits"), [("0.10", 1), ("0.001", 3), ("5", 0), ("1E+2", 0), ("0.50", 1)]
)
def test_a_step_says_how_many_digits_it_needs(step: str, digits: int) -> None:
    assert fmt.decimals(D(step)) == digits


def test_a_price_has_the_digits_of_its_tick_and_thousands_separators() -> None:
    assert fmt.exact(D("70010"), TICK) == "70,010.0"
    assert fmt.exact(D("0.5"), D("0.001")) == "0.500"


def test_digits_beyond_the_step_are_shown_not_rounded() -> None:
    assert fmt.exact(D("70010.05"), TICK) == "70,010.05"
    assert fmt.exact(D("70010.000"), TICK) == "70,010.0"


def test_without_a_step_a_number_is_shown_as_it_is() -> None:
    assert fmt.exact(D("1234.50")) == "1,234.5"


def test_a_derived_figure_is_rounded_to_its_step() -> None:
    assert fmt.rounded(D("70009.4666"), TICK) == "70,009.5"
    assert fmt.rounded(D("1.005")) == "1.00"


def test_what_does_not_exist_is_never_zero() -> None:
    nothing = [f(None) for f in (fmt.exact, fmt.rounded, fmt.signed, fmt.signed_exact, fmt.money)]
    assert nothing == ["–"] * 5


def test_signs_are_for_gains_and_losses_not_for_zero() -> None:
    assert fmt.signed(D("1204.11")) == "+1,204.11"
    assert fmt.signed(D("-88.2")) == "-88.20"
    assert fmt.signed(D("-0.001")) == "0.00"
    assert fmt.signed_exact(D("0.7"), D("0.001")) == "+0.700"
    assert fmt.signed_exact(D("-2"), D("0.001")) == "-2.000"
    assert fmt.signed_exact(D(0), D("0.001")) == "0.000"


def test_an_amount_has_no_sign() -> None:
    amounts = [D("239.874"), D("1204.11"), D("-422797.2"), D(0)]
    assert [fmt.amount(a) for a in amounts] == ["239.87", "1,204.1", "422,797", "0.00"]
    assert fmt.amount(None) == "–"


def test_money_gives_up_digits_as_it_grows() -> None:
    amounts = ["88.2", "-1204.11", "56210.4", "0"]
    assert [fmt.money(D(a)) for a in amounts] == ["+88.20", "-1,204.1", "+56,210", "0.00"]


def test_times_are_utc() -> None:
    assert fmt.clock(1_767_621_802_442_000_000) == "14:03:22"
    assert fmt.clock_ms(1_767_621_802_442_000_000) == "14:03:22.442"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0s"), (0.44, "0.4s"), (9.94, "9.9s"), (10, "10s"), (185, "3m05"), (7980, "2h13"),
     (4 * 86_400 + 6 * 3600, "4d06")],
)  # fmt: skip
def test_an_age_is_short_at_any_size(seconds: float, text: str) -> None:
    assert fmt.age(seconds) == text


def test_an_age_that_ticks_has_no_tenths() -> None:
    assert fmt.age(2.6, whole=True) == "2s"


def test_a_countdown_ends_at_zero() -> None:
    assert [fmt.countdown(s) for s in (272.9, -3)] == ["4:32", "0:00"]


def test_latencies_are_milliseconds() -> None:
    assert [fmt.millis(s) for s in (0.0041, 0.0999, 1.2)] == ["4.1", "99.9", "1,200"]


def test_a_cut_text_says_so() -> None:
    assert fmt.clip("insufficient margin", 8) == "insuffi…"
    assert fmt.clip("c-0000008812", 8, tail=True) == "…0008812"
    assert fmt.clip("short", 8) == "short"
    assert fmt.clip("14:03:22.442", 8, more="") == "14:03:22"


def test_wide_characters_count_as_the_cells_they_take() -> None:
    assert fmt.clip("注文拒否", 5) == "注文…"
    assert fmt.clip("注文拒否", 6, tail=True) == "… 拒否"
    assert fmt.fit("注文", 6) == ("注文", 2)


def test_no_room_is_no_text() -> None:
    assert fmt.clip("text", 0) == ""
    assert fmt.clip("text", 1) == "t"


def test_fit_says_how_many_cells_are_free() -> None:
    assert fmt.fit("abc", 5) == ("abc", 2)
    assert fmt.fit("abcdef", 5) == ("abcd…", 0)


def test_plain_numbers_in_a_sentence_get_their_separators_and_ids_stay() -> None:
    assert fmt.separated("61000.50 to 1234, not 999 or 0.0001") == (
        "61,000.5 to 1,234, not 999 or 0.0001"
    )
    assert fmt.separated("c-008812 td-1000 1000PEPEUSDT 1.2345 1,000") == (
        "c-008812 td-1000 1000PEPEUSDT 1.2345 1,000"
    )
    assert fmt.separated("on 2026-11-27 at 127.0.0.1:9100") == "on 2026-11-27 at 127.0.0.1:9100"
    assert fmt.separated("-61000") == "-61,000"

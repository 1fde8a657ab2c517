"""The curve goes from the oldest value on the left to the newest on the right."""

from __future__ import annotations

import pytest

from console.widgets.curve import curve_lines


def test_a_step_up_and_down_is_drawn_with_its_edges() -> None:
    assert curve_lines((0, 0, 0, 10, 10, 10, 0, 0), 4, 3) == (
        " ⢸⠉⡆",
        " ⢸ ⡇",
        "⣀⡸ ⣇",
    )


def test_few_values_stand_at_the_right() -> None:
    assert curve_lines((1.0, 1.0), 4, 1) == ("   ⠤",)


def test_of_too_many_values_the_newest_are_drawn() -> None:
    assert curve_lines((9.0,) * 50 + (1, 1, 2, 2), 2, 1) == curve_lines((1, 1, 2, 2), 2, 1)


def test_a_flat_line_lies_in_the_middle() -> None:
    assert curve_lines((5.0,) * 4, 2, 2) == ("  ", "⠉⠉")


def test_without_unicode_it_is_drawn_in_ascii() -> None:
    drawn = curve_lines((0, 1, 2, 3, 4, 5), 6, 2, braille=False)
    assert drawn == ("   _-'", "_-'   ")
    assert "".join(drawn).isascii()


@pytest.mark.parametrize(("width", "height"), [(0, 2), (4, 0), (0, 0)])
def test_no_room_is_no_curve(width: int, height: int) -> None:
    assert curve_lines((1.0, 2.0), width, height) == (" " * width,) * height


def test_no_values_are_blank_lines() -> None:
    assert curve_lines((), 3, 2) == ("   ", "   ")

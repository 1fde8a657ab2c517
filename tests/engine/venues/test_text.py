"""Hostile text becomes plain text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.venues.text import MAX_CHARS, sanitise


@pytest.mark.parametrize(
    ("hostile", "plain"),
    [
        ("order not exists or too late to cancel", "order not exists or too late to cancel"),
        ("\x1b[2J\x1b[31mred", "[2J[31mred"),
        ("title\x1b]0;owned\x07", "title]0;owned"),
        ("c1 \x9b31m csi", "c1 31m csi"),
        ("bell\x07 del\x7f nul\x00", "bell del nul"),
        ("a\u202egnp.exe\u202c", "agnp.exe"),
        ("isolate\u2066x\u2069", "isolatex"),
        ("zero\u200bwidth\u200djoin\ufeff", "zerowidthjoin"),
        ("tag\U000e0041\U000e007f", "tag"),
        ("two\r\nlines\tand\u2028three", "two lines and three"),
        ("lone\ud800surrogate", "lonesurrogate"),
        ("private\ue000use", "privateuse"),
        ("filler\u3164\u2800", "filler"),
        ("Z\u0351\u0352\u0353\u0354algo", "Z\u0351algo"),
        ("\u0301leading mark", "leading mark"),
        ("[bold red]markup[/]", "[bold red]markup[/]"),
        ("", ""),
    ],
)
def test_hostile_text_loses_what_is_invisible(hostile: str, plain: str) -> None:
    assert sanitise(hostile) == plain


def test_letters_of_other_scripts_stay() -> None:
    assert sanitise("余额不足 – résumé") == "余额不足 – résumé"


def test_long_text_ends_in_an_ellipsis() -> None:
    assert sanitise("x" * 201) == "x" * 199 + "…"
    assert sanitise("x" * 200) == "x" * 200
    assert len(sanitise("y" * 5_000_000)) == MAX_CHARS


def test_a_long_run_of_invisible_characters_is_still_marked_as_cut() -> None:
    assert sanitise("\u200b" * 10_000 + "hidden") == "…"


@given(st.text())
def test_whatever_comes_in_one_short_printable_line_goes_out(text: str) -> None:
    plain = sanitise(text)
    assert len(plain) <= MAX_CHARS
    assert all(unicodedata.category(char)[0] not in {"C"} for char in plain)
    assert "\n" not in plain
    assert sanitise(plain) == plain

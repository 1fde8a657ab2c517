"""Every state has a sign, a word and a meaning, in Unicode and in ASCII."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from console.glyphs import ASCII, UNICODE
from console.theme import MEANINGS
from console.views.cells import Cell
from console.views.states import LOOKS, label, pnl_cell, side_cell, side_style, state_cell, why
from engine.core.types import OrderState, Side


@pytest.mark.parametrize("state", list(OrderState))
def test_every_state_has_a_look(state: OrderState) -> None:
    cell = state_cell(state, UNICODE)
    assert cell.style in MEANINGS
    assert " " in cell.text


def test_no_two_states_read_the_same() -> None:
    words = [label(state, UNICODE) for state in OrderState]
    assert len(set(words)) == len(words)


def test_states_look_as_the_plan_says() -> None:
    assert state_cell(OrderState.PARTIALLY_FILLED, UNICODE) == Cell("◐ PARTIAL", "state-partial")
    assert state_cell(OrderState.PENDING_CANCEL, UNICODE) == Cell("◌✕ CANCEL…", "state-leaving")
    assert state_cell(OrderState.UNKNOWN, UNICODE) == Cell("? UNKNOWN", "state-unknown")


def test_without_unicode_states_are_plain_ascii() -> None:
    assert all(state_cell(state, ASCII).text.isascii() for state in LOOKS)
    assert state_cell(OrderState.PENDING_REPLACE, ASCII).text == ".~ AMEND~"


def test_sides_have_letter_sign_and_hue() -> None:
    assert side_cell(Side.BUY, UNICODE) == Cell("B▲", "buy")
    assert side_cell(Side.SELL, ASCII) == Cell("S-", "sell")
    assert (side_style(Side.BUY), side_style(Side.SELL)) == ("buy", "sell")


@pytest.mark.parametrize(
    ("value", "text", "cell"),
    [
        (D("21.6"), "+21.60", Cell("▲+21.60", "gain")),
        (D("-4.1"), "-4.10", Cell("▼-4.10", "loss")),
        (D(0), "0.00", Cell("0.00", "flat")),
        (D("0.001"), "0.00", Cell("0.00", "flat")),
        (None, "–", Cell("–", "muted")),
    ],
)
def test_pnl_points_up_or_down_and_zero_is_neutral(value: D | None, text: str, cell: Cell) -> None:
    assert pnl_cell(value, text, UNICODE) == cell


@pytest.mark.parametrize(
    ("reason", "text", "words"),
    [
        ("USER", "EC_PerCancelRequest CancelByUser", "on request"),
        ("SELF_MATCH", "EC_BySelfMatch", "SELF_MATCH"),
        ("VENUE", "EC_Others", "VENUE EC_Others"),
        ("", "CancelByUser", "CancelByUser"),
        ("BALANCE", "ab not enough", "BALANCE ab not enough"),
        ("", "", ""),
    ],
)
def test_why_an_order_ended_is_said_once(reason: str, text: str, words: str) -> None:
    assert why(reason, text) == words

"""Errors for people: one tree, and hints that name the nearest right word."""

from __future__ import annotations

import pytest

from engine.errors import (
    ConfigError,
    ControlError,
    InputError,
    ScriptError,
    TradedeckError,
    did_you_mean,
)


@pytest.mark.parametrize("kind", [ConfigError, ScriptError])
def test_wrong_input_is_a_value_error_and_ours(kind: type[Exception]) -> None:
    assert issubclass(kind, InputError)
    assert issubclass(kind, ValueError)
    assert issubclass(kind, TradedeckError)


def test_a_control_error_is_no_input_error() -> None:
    assert issubclass(ControlError, TradedeckError)
    assert not issubclass(ControlError, InputError)


def test_the_nearest_word_is_found_whatever_its_case() -> None:
    assert did_you_mean("BUY", ["Buy", "Sell"]) == '; did you mean "Buy"?'


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    assert did_you_mean("xyzzy", ["Buy", "Sell"]) == ""

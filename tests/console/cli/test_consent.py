"""Real money is agreed to by typing, at a terminal, the right name."""

from __future__ import annotations

import io

import pytest

from console.cli.consent import ask_consent
from console.cli.parsing import UsageError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_accounts_name_is_consent() -> None:
    screen = Terminal()
    ask_consent("desk", ("BTCUSDT", "ETHUSDT"), Terminal("desk\n"), screen)
    assert screen.getvalue() == (
        "LIVE: real orders, real money, account desk: BTCUSDT, ETHUSDT\n"
        "Type the account's name to go on: "
    )


@pytest.mark.parametrize("typed", ["", "\n", "y\n", "DESK\n", "des"])
def test_anything_else_is_not(typed: str) -> None:
    with pytest.raises(UsageError, match="that is not the account's name, 'desk'"):
        ask_consent("desk", ("BTCUSDT",), Terminal(typed), Terminal())


def test_a_pipe_cannot_consent() -> None:
    with pytest.raises(UsageError, match="start it at a terminal"):
        ask_consent("desk", ("BTCUSDT",), io.StringIO("desk\n"), Terminal())
    with pytest.raises(UsageError, match="start it at a terminal"):
        ask_consent("desk", ("BTCUSDT",), Terminal("desk\n"), io.StringIO())

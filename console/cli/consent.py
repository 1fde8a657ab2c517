"""The last question before real money: which account? Typed by a person, at a terminal."""

from __future__ import annotations

from typing import TextIO

from console.cli.parsing import UsageError


def ask_consent(account: str, symbols: tuple[str, ...], stdin: TextIO, stdout: TextIO) -> None:
    """Return when the account's name was typed. Raises UsageError for anything else.

    A pipe or a script cannot say yes: both ends must be a terminal.
    """
    if not (stdin.isatty() and stdout.isatty()):
        raise UsageError("tradedeck: --live asks for the account's name: start it at a terminal")
    markets = ", ".join(symbols)
    stdout.write(f"LIVE: real orders, real money, account {account}: {markets}\n")
    stdout.write("Type the account's name to go on: ")
    stdout.flush()
    if stdin.readline().strip() != account:
        raise UsageError(f"tradedeck: that is not the account's name, {account!r}: nothing started")

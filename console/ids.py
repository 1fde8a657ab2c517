"""Ids minted here, before anything is sent, so that a crash leaves no order we cannot name."""

from __future__ import annotations

import itertools

from engine.core.types import ORDER_ID_PREFIX

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Ids:
    """Order and command ids that no other run of a console makes. At most 36 characters
    of `[A-Za-z0-9_-]`, as venues want them."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._count = itertools.count(1)

    def order(self) -> str:
        """A new client order id."""
        return f"{ORDER_ID_PREFIX}{self._run}-{next(self._count)}"

    def command(self) -> str:
        """A new command id."""
        return f"cmd-{self._run}-{next(self._count)}"


def create_ids(now_ns: int, pid: int) -> Ids:
    """Ids told apart by when and in which process this run began."""
    return Ids(f"{_base36(now_ns // 1_000_000)}{_base36(pid)}")


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"

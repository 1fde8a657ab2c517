"""The blotter's filter: `sym:BTC* side:buy state:open text`, every word must match.

A word is `key:value`, or plain text that is looked for in the order's id, symbol and note. Values
match whole and without regard to case, `*` and `?` stand for any text and any character, a comma
separates alternatives, a leading `-` turns a word around.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

import msgspec

from console.views.states import LOOKS
from engine.core.orders.machine import Order
from engine.core.types import Side


class FilterError(ValueError):
    """A filter cannot be read; the message says which word, and the nearest right one."""


Test = Callable[[Order], bool]


class Filter(msgspec.Struct, frozen=True):
    """A parsed filter. The empty one lets everything through."""

    text: str = ""
    tests: tuple[Test, ...] = ()

    def matches(self, order: Order) -> bool:
        """True when the order passes every word."""
        return all(test(order) for test in self.tests)


EVERYTHING = Filter()


def parse_filter(text: str) -> Filter:
    """Read a filter. Raises FilterError."""
    words = text.split()
    return Filter(" ".join(words), tuple(_parse_word(word) for word in words))


def _parse_word(word: str) -> Test:
    if word.startswith("-") and len(word) > 1:
        test = _parse_word(word[1:])
        return lambda order: not test(order)
    key, colon, value = word.partition(":")
    if not colon:
        return _free_text(word.lower())
    name = key.lower()
    if name not in _KEYS:
        raise FilterError(f"filter: unknown key {key!r}{_nearest(name, _KEYS)}")
    if not value:
        raise FilterError(f"filter: {word!r} has no value after the colon")
    tests = [_KEYS[name](part) for part in value.lower().split(",") if part]
    return lambda order: any(test(order) for test in tests)


def _free_text(text: str) -> Test:
    return lambda order: any(
        text in field.lower()
        for field in (order.client_order_id, order.symbol, order.reason, order.text)
    )


def _pattern(read: Callable[[Order], str]) -> Callable[[str], Test]:
    def build(pattern: str) -> Test:
        return lambda order: fnmatchcase(read(order).lower(), pattern)

    return build


def _side(value: str) -> Test:
    sides = {"b": Side.BUY, "buy": Side.BUY, "s": Side.SELL, "sell": Side.SELL}
    if value not in sides:
        raise FilterError(f"filter: unknown side {value!r}{_nearest(value, ('buy', 'sell'))}")
    side = sides[value]
    return lambda order: order.side is side


def _state_words() -> dict[str, frozenset[str]]:
    words: dict[str, frozenset[str]] = {}
    for state, look in LOOKS.items():
        for word in (state.lower(), look.label.rstrip("…").lower()):
            words[word] = words.get(word, frozenset()) | {state}
    return words


_STATE_WORDS = _state_words()
_OPENNESS: dict[str, Test] = {
    "open": lambda order: order.is_open,
    "closed": lambda order: not order.is_open,
}


def _state(value: str) -> Test:
    if value in _OPENNESS:
        return _OPENNESS[value]
    if value not in _STATE_WORDS:
        near = _nearest(value, (*_OPENNESS, *_STATE_WORDS))
        raise FilterError(f"filter: unknown state {value!r}{near}")
    states = _STATE_WORDS[value]
    return lambda order: order.state in states


_KEYS: dict[str, Callable[[str], Test]] = {
    "sym": _pattern(lambda order: order.symbol),
    "id": _pattern(lambda order: order.client_order_id),
    "by": _pattern(lambda order: order.by),
    "type": _pattern(lambda order: order.type),
    "side": _side,
    "state": _state,
}


def _nearest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(word, names, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(names)}"

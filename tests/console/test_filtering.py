"""A filter shows what it says, and a word it cannot read is named with the nearest right one."""

from __future__ import annotations

import pytest

from console.filtering import EVERYTHING, FilterError, parse_filter
from tests.console.fakes import busy_link

ORDERS = busy_link().state.orders.orders


def _ids(text: str) -> str:
    chosen = parse_filter(text)
    return " ".join(i.removeprefix("c-0") for i, order in ORDERS.items() if chosen.matches(order))


ALL = "01 02 03 04 05 06 07 08 09 10 11"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ALL),
        ("sym:BTC*", "01 03 06 09 10"),
        ("sym:btcusdt", "01 03 06 09 10"),
        ("sym:btc", ""),
        ("sym:???USDT side:buy", "01 03 05 08 09 11"),
        ("side:s", "02 04 06 07 10"),
        ("sym:ETH*,SOL* side:sell", "02 04 07"),
        ("state:open", "03 04 05 06 10 11"),
        ("state:closed", "01 02 07 08 09"),
        ("state:filled", "01 02"),
        ("state:partial,sent", "03 11"),
        ("state:PartiallyFilled", "03"),
        ("state:cancel", "05"),
        ("state:unknown", "06"),
        ("-state:open side:buy", "01 08 09"),
        ("id:c-01*", "10 11"),
        ("type:limit by:operator side:sell", "02 04 06 07 10"),
        ("post", "07"),
        ("NOTIONAL", "09"),
        ("c-00 sol", "05 07"),
        ("[/b]", "07"),
    ],
)
def test_every_word_must_match(text: str, ids: str) -> None:
    assert _ids(text) == ids


def test_the_text_is_kept_tidy_for_the_title() -> None:
    assert parse_filter("  sym:BTC*   side:buy ").text == "sym:BTC* side:buy"


def test_no_filter_is_the_empty_filter() -> None:
    assert parse_filter(" ") == EVERYTHING


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("symb:BTC", "filter: unknown key 'symb'; did you mean 'sym'?"),
        ("zzz:1", "filter: unknown key 'zzz'; known are sym, id, by, type, side, state"),
        ("sym:", "filter: 'sym:' has no value after the colon"),
        ("side:bye", "filter: unknown side 'bye'; did you mean 'buy'?"),
        ("state:fild", "filter: unknown state 'fild'; did you mean 'filled'?"),
        ("-state:opne", "filter: unknown state 'opne'; did you mean 'open'?"),
    ],
)
def test_a_word_that_cannot_be_read_is_named(text: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert str(caught.value) == message

"""Hostile order requests: each is refused with a code of the venue, none is half carried out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.exchange.venue import Venue, book, signed, ticker

FRAMES = (
    book(0, [("99.9", "2")], [("100.0", "1")]),
    ticker(1, lastPrice="99.9", markPrice="100"),
)
ORDER = {
    "category": '"linear"',
    "symbol": '"BTCUSDT"',
    "side": '"Buy"',
    "orderType": '"Limit"',
    "qty": '"1"',
    "price": '"99.0"',
    "timeInForce": '"GTC"',
    "orderLinkId": '"a-1"',
    "reduceOnly": "false",
}
HOSTILE = [
    '"NaN"', '"sNaN"', '"Infinity"', '"-1"', '"-0"', '"1e3"', '"1E+9999999"', '"0x10"', '"1_0"',
    '" 1"', '"\\u0661"', '"0"', '""', '"' + "9" * 28 + '"', '"' + "9" * 5000 + '"', "9" * 5000,
    '"0.' + "0" * 25 + '1"', "1e400", "null", "[]", "{}", "true", '"\\ud800"', "NaN",
    "[" * 100_000 + "]" * 100_000,
]  # fmt: skip


def body(**fields: str) -> bytes:
    """An order request with these fields, given as JSON text, in place of its own."""
    pairs = (f'"{key}":{value}' for key, value in (ORDER | fields).items())
    return ("{" + ",".join(pairs) + "}").encode()


@pytest.fixture
def venue(tmp_path: Path) -> Venue:
    venue = Venue(tmp_path / "market.jsonl", *FRAMES)
    venue.play_to(10)
    return venue


def send(venue: Venue, path: str, raw: bytes) -> int:
    """The venue's code for a request of these bytes; it always answers with an envelope."""
    headers = signed(venue.clock, raw.decode("latin-1"))
    reply = venue.exchange.handle("POST", path, "", raw, headers)
    code = json.loads(reply.body)["retCode"]
    assert isinstance(code, int)
    return code


@pytest.mark.parametrize("field", ["qty", "price"])
@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: value[:20])
def test_a_number_that_is_none_is_refused(venue: Venue, field: str, value: str) -> None:
    assert send(venue, "/v5/order/create", body(**{field: value})) == 10001
    assert venue.account().orders == {}


@pytest.mark.parametrize("field", ["category", "symbol", "side", "orderType", "timeInForce"])
@pytest.mark.parametrize("value", ["7", "[]", '"Lottery"', '"\\u001b[2J"', '"\\ud800"'])
def test_a_word_that_is_none_is_refused(venue: Venue, field: str, value: str) -> None:
    assert send(venue, "/v5/order/create", body(**{field: value})) != 0
    assert venue.account().orders == {}


@pytest.mark.parametrize("value", ['"NaN"', '"' + "9" * 28 + '"', '"-1"', "[]"])
def test_an_amend_to_a_number_that_is_none_leaves_the_order_as_it_is(
    venue: Venue, value: str
) -> None:
    order = venue.order("Buy", "1", "99.0")
    raw = body(orderId=f'"{order.order_id}"', qty=value)
    assert send(venue, "/v5/order/amend", raw) == 10001
    assert (str(order.qty), str(order.price)) == ("1", "99.0")


@pytest.mark.parametrize("path", ["/v5/order/create", "/v5/order/amend", "/v5/order/cancel"])
def test_every_request_is_answered(venue: Venue, path: str) -> None:
    for field in ORDER:
        for number, value in enumerate(HOSTILE):
            link_id = f'"{field}-{number}"'
            send(venue, path, body(**{"orderLinkId": link_id, field: value}))
    qty = {str(order.qty) for order in venue.account().orders.values()}
    assert qty == ({"1"} if path.endswith("create") else set())

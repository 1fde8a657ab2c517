"""Hostile input at the codec: refused, set aside, counted, asked for; the stream goes on.

By a table of what is known to break parsers, and by mutation of good frames: whatever is done to
one row, its neighbours are heard, and no number comes out that is none.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.market import BookUpdate, MarketUpdate, TickerUpdate, TradeTick
from engine.core.reports import FillEvent, InputLost, OrderReport, PositionReport, Report
from engine.core.status import InputStatus
from engine.core.types import Category
from engine.venues.bybit.codec import Codec, Unreadable
from engine.venues.bybit.instruments import SymbolMap
from engine.venues.bybit.market import MarketFeed
from engine.venues.bybit.numbers import ABSURD
from engine.venues.bybit.private import PrivateFeed
from engine.venues.bybit.quarantine import KEPT_BYTES, KEPT_ITEMS, Quarantine
from engine.venues.bybit.strict import MAX_BYTES

ORDER: dict[str, Any] = {
    "category": "linear",
    "symbol": "ETHUSDT",
    "orderId": "9d1f-0001",
    "orderLinkId": "desk-1",
    "side": "Sell",
    "orderStatus": "PartiallyFilled",
    "cancelType": "UNKNOWN",
    "rejectReason": "EC_NoError",
    "timeInForce": "GTC",
    "price": "2710.5",
    "qty": "3",
    "avgPrice": "2710.5",
    "cumExecQty": "1",
    "cumFeeDetail": {"USDT": "0.54"},
    "orderType": "Limit",
    "reduceOnly": False,
    "createdTime": "1730000000100",
    "updatedTime": "1730000000200",
}
EXECUTION: dict[str, Any] = {
    "category": "linear",
    "symbol": "ETHUSDT",
    "execFee": "0.54",
    "execId": "e-0001",
    "execPrice": "2710.5",
    "execQty": "1",
    "execType": "Trade",
    "orderId": "9d1f-0001",
    "orderLinkId": "desk-1",
    "side": "Sell",
    "execTime": "1730000000199",
    "isMaker": True,
    "feeCurrency": "USDT",
}
POSITION: dict[str, Any] = {
    "category": "linear",
    "symbol": "ETHUSDT",
    "side": "Sell",
    "size": "1",
    "entryPrice": "2710.5",
    "leverage": "10",
    "liqPrice": "2890.5",
    "positionIdx": 0,
    "updatedTime": "1730000000201",
}
ROWS = {"order": ORDER, "execution": EXECUTION, "position": POSITION}
NEIGHBOUR = {"order": "orderId", "execution": "execId", "position": "symbol"}


def frame(topic: str, *rows: str) -> bytes:
    """A private message with these rows, each as its JSON text."""
    return f'{{"id":"1","topic":"{topic}","creationTime":1,"data":[{",".join(rows)}]}}'.encode()


class Ear:
    """A private feed, what it reported, and what it set aside."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.quarantine = Quarantine()
        codec = Codec(SymbolMap(), self.quarantine)
        self.feed = PrivateFeed(
            codec, self.quarantine, self.reports.append, lambda expires: b"", lambda: 0
        )

    def hear(self, message: bytes) -> list[Report]:
        """The reports of one message."""
        self.reports.clear()
        self.feed.receive(message)
        return list(self.reports)


GOOD = json.dumps(ORDER, separators=(",", ":"))
DEEP = "[" * 100_000 + "]" * 100_000


def changed(**fields: str) -> str:
    """The order row with these fields, given as JSON text, in place of its own."""
    row = {key: json.dumps(value, separators=(",", ":")) for key, value in ORDER.items()} | fields
    return "{" + ",".join(f'"{key}":{value}' for key, value in row.items()) + "}"


@pytest.mark.parametrize(
    "row",
    [
        changed(qty='"NaN"'),
        changed(qty='"-Infinity"'),
        changed(qty='"1e99"'),
        changed(qty="1e400"),
        changed(qty="9" * 5000),
        changed(qty='"' + "9" * 5000 + '"'),
        changed(cumExecQty='"-0.1"'),
        changed(positionIdx="9" * 5000, qty="null"),
        changed(orderId='"\\ud800"'),
        changed(symbol='"ETH\\u0000USDT"'),
        changed(side='"Long"'),
        "{}",
        "null",
        "7",
        '"order"',
        "[]",
        GOOD[:-1] + ',"qty":"4"}',
        GOOD[:-1] + ',"\\u0071ty" : "4"}',
        GOOD[:-1] + ',"cumFeeDetail":{"USDT":"1","USDT":"2"}}',
    ],
    ids=lambda row: row[-40:],
)
def test_a_bad_row_spoils_only_itself_and_is_asked_for(row: str) -> None:
    ear = Ear()
    before, after = changed(orderId='"a"'), changed(orderId='"b"')
    reports = ear.hear(frame("order", before, row, after))
    orders = [report for report in reports if isinstance(report, OrderReport)]
    assert [order.exchange_order_id for order in orders] == ["a", "b"]
    assert reports[2:] == [InputLost(text="1 unreadable order rows")]
    assert ear.quarantine.counts == {"order_row": 1}
    assert ear.quarantine.kept[0] == ("order_row", row.encode()[:KEPT_BYTES])
    assert ear.quarantine.last.startswith("order_row: ")


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff\xfe\xfd",
        b"NaN",
        frame("order", changed(qty="NaN")),
        frame("order", changed(qty="Infinity")),
        frame("order", changed(note=DEEP)),
        frame("order", GOOD)[:-5],
        frame("order", GOOD)[:-1] + b',"data":[]}',
        b'{"topic":"order","topic":"wallet","data":[]}',
        frame("order", GOOD).replace(b"desk-1", b"desk-\xc3"),
        b'{"topic":"order","data":"none"}',
        b'{"data":[]}',
    ],
    ids=lambda message: repr(message[-30:]),
)
def test_a_message_that_is_none_is_set_aside_and_the_account_is_asked(message: bytes) -> None:
    ear = Ear()
    reports = ear.hear(message)
    assert [type(report) for report in reports] == [InputLost]
    assert ear.quarantine.counts.total() == 1
    assert len(ear.hear(frame("order", GOOD))) == 1


def test_a_frame_of_any_size_is_refused_unread() -> None:
    ear = Ear()
    message = frame("order", changed(note='"' + "x" * MAX_BYTES + '"'))
    assert ear.hear(message) == [InputLost(text="a frame too large to read")]
    assert ear.quarantine.counts == {"oversized": 1}
    assert ear.quarantine.last == f"oversized: a frame of {len(message)} bytes"


def test_what_is_set_aside_is_bounded_whatever_arrives() -> None:
    ear = Ear()
    for _ in range(5000):
        ear.hear(b"x" * 10_000)
    kept = ear.quarantine.kept
    assert (len(kept), sum(len(raw) for _, raw in kept)) == (KEPT_ITEMS, KEPT_ITEMS * KEPT_BYTES)
    assert ear.quarantine.status() == InputStatus(
        count=5000, kinds={"private_message": 5000}, last="private_message: " + "x" * 80
    )


def test_the_codec_raises_its_own_error_and_says_what_is_wrong() -> None:
    codec = Codec(SymbolMap(), Quarantine())
    with pytest.raises(Unreadable, match="'NaN' is not a decimal number"):
        codec.read_order(msgspec.Raw(changed(qty='"NaN"').encode()))
    with pytest.raises(Unreadable, match="'qty' is given twice"):
        codec.read_order(msgspec.Raw((GOOD[:-1] + ',"qty":"4"}').encode()))
    with pytest.raises(Unreadable, match="missing required field `execId`"):
        codec.read_execution(msgspec.Raw(b'{"symbol":"ETHUSDT","side":"Buy"}'))


# Mutation: a good frame, one thing done to one of its rows, or to the bytes of it all.

HOSTILE_JSON = [
    "null", "true", "0", "-1", "1e5", "1e400", "9" * 5000, "[]", "{}", "[[[[]]]]", '{"a":{"a":1}}',
    '""', '"0"', '"-0"', '"NaN"', '"Infinity"', '"-1"', '"1e17"', '"1e18"', '"1E-24"', '"1E-99"',
    '"1e9999999"', '"' + "9" * 5000 + '"', '" 1"', '"1_0"', '"\\u0661"', '"\\ud800"', '"\\u202e"',
    '"\\u001b[2J"', '"New"', '"Lottery"', '"Buy"', '"spot"', '"1730000000300"', '"~~~"',
    '"' + "x" * 300 + '"', "NaN", "-Infinity",
]  # fmt: skip
fields = {topic: st.sampled_from([*row, "", "note"]) for topic, row in ROWS.items()}


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, str]:
    """A topic and one row of it, spoiled or not; the row stays one JSON value."""
    topic = draw(st.sampled_from(sorted(ROWS)))
    row = {key: json.dumps(value) for key, value in ROWS[topic].items()}
    pairs = list(row.items())
    field = draw(fields[topic])
    value = draw(st.sampled_from(HOSTILE_JSON))
    how = draw(st.sampled_from(["set", "drop", "twice", "whole"]))
    if how == "set":
        pairs = list((row | {field: value}).items())
    elif how == "drop":
        pairs = [pair for pair in pairs if pair[0] != field]
    elif how == "twice":
        pairs.insert(draw(st.integers(0, len(pairs))), (field, value))
    else:
        return topic, value
    return topic, "{" + ",".join(f'"{key}":{text}' for key, text in pairs) + "}"


def numbers_of(report: Any) -> list[Decimal]:
    return [
        value
        for name in report.__struct_fields__
        if isinstance(value := getattr(report, name), Decimal)
    ]


def check_row(topic: str, row: str) -> None:
    """One row among good ones: they are heard, and every number is one.

    The same to an ear that has heard a good row before, and knows what rows look like.
    """
    fresh = Ear()
    check_row_with(fresh, topic, row)
    experienced = Ear()
    experienced.hear(frame(topic, json.dumps(ROWS[topic])))
    check_row_with(experienced, topic, row)
    assert experienced.quarantine.counts == fresh.quarantine.counts, row


def check_row_with(ear: Ear, topic: str, row: str) -> None:
    good = ROWS[topic]
    neighbours = [json.dumps(good | {NEIGHBOUR[topic]: name}) for name in ("N1", "N2")]
    reports = ear.hear(frame(topic, neighbours[0], row, neighbours[1]))
    names = {"order": "exchange_order_id", "execution": "exec_id", "position": "symbol"}
    heard = [getattr(report, names[topic], "") for report in reports]
    assert [name for name in heard if name in ("N1", "N2")] == ["N1", "N2"], row
    bad = ear.quarantine.counts[f"{topic}_row"]
    lost = [report for report in reports if isinstance(report, InputLost)]
    assert len(lost) == (1 if bad and topic != "position" else 0), row
    for report in reports:
        check_numbers(report)


def check_numbers(report: Report) -> None:
    for value in numbers_of(report):
        assert value.is_finite()
        assert abs(value) < ABSURD
        assert str(value) != "-0"
    if isinstance(report, OrderReport):
        assert min(report.qty, report.cum_qty) >= 0
        assert report.price is None or report.price > 0
        assert report.avg_price is None or report.avg_price > 0
        assert report.ts > 0
    if isinstance(report, FillEvent):
        assert report.qty > 0
    if isinstance(report, PositionReport):
        assert report.avg_price is None or report.avg_price > 0
        assert report.liq_price is None or report.liq_price > 0
        assert report.leverage is None or 1 <= report.leverage <= 1_000


def check_bytes(message: bytes, ear: Ear) -> None:
    """Any bytes: heard, or set aside and asked for; the next message is heard."""
    for report in ear.hear(message):
        if not isinstance(report, InputLost):
            check_numbers(report)
    assert len(ear.hear(frame("order", GOOD))) == 1


damages = st.tuples(
    st.sampled_from(sorted(ROWS)),
    st.floats(0, 1),
    st.sampled_from(["cut", "flip", "insert"]),
    st.binary(min_size=1, max_size=4),
)


def damaged(topic: str, where: float, how: str, what: bytes) -> bytes:
    """A good frame with its bytes cut off, changed or pushed apart somewhere."""
    message = frame(topic, json.dumps(ROWS[topic]))
    at = round(where * len(message))
    if how == "cut":
        return message[:at]
    return message[:at] + what + message[at + (len(what) if how == "flip" else 0) :]


@settings(max_examples=200)
@given(st.lists(mutations(), min_size=1, max_size=10))
def test_no_row_harms_its_neighbours(spoiled: list[tuple[str, str]]) -> None:
    for topic, row in spoiled:
        check_row(topic, row)


@settings(max_examples=200)
@given(st.lists(damages, min_size=1, max_size=10))
def test_no_bytes_stop_the_stream(broken: list[tuple[str, float, str, bytes]]) -> None:
    ear = Ear()
    for damage in broken:
        check_bytes(damaged(*damage), ear)


@pytest.mark.slow
@settings(max_examples=5_000)
@given(st.lists(mutations(), min_size=10, max_size=10), st.lists(damages, min_size=10, max_size=10))
def test_a_hundred_thousand_mutations_harm_nothing(
    spoiled: list[tuple[str, str]], broken: list[tuple[str, float, str, bytes]]
) -> None:
    ear = Ear()
    for topic, row in spoiled:
        check_row(topic, row)
    for damage in broken:
        check_bytes(damaged(*damage), ear)


# The public stream: a bad frame is set aside, and no price or quantity comes out that is none.

PUBLIC: list[dict[str, Any]] = [
    {
        "topic": "orderbook.50.ETHUSDT",
        "type": "snapshot",
        "ts": 1730000000000,
        "data": {"s": "ETHUSDT", "b": [["2710", "1"]], "a": [["2711", "2"]], "u": 1},
    },
    {
        "topic": "publicTrade.ETHUSDT",
        "ts": 1730000000000,
        "data": [{"T": 1730000000000, "S": "Buy", "v": "1", "p": "2710.5"}],
    },
    {
        "topic": "tickers.ETHUSDT",
        "ts": 1730000000000,
        "data": {"markPrice": "2710.5", "lastPrice": "2710"},
    },
]


def spellings(value: Any) -> list[str]:
    """Every leaf of the message in its JSON, so that one can be exchanged for another."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in spellings(item)]
    if isinstance(value, list):
        return [text for item in value for text in spellings(item)]
    return [json.dumps(value)]


@settings(max_examples=500)
@given(st.sampled_from(PUBLIC), st.data())
def test_no_public_message_yields_a_price_that_is_none(
    message: dict[str, Any], data: st.DataObject
) -> None:
    heard: list[MarketUpdate] = []
    feed = MarketFeed(Category.LINEAR, [("ETHUSDT", "ETHUSDT")], heard.append, Quarantine())
    feed.subscriptions()
    leaf = data.draw(st.sampled_from(spellings(message)))
    value = data.draw(st.sampled_from(HOSTILE_JSON))
    feed.receive(json.dumps(message).replace(leaf, value).encode())
    for update in heard:
        numbers = numbers_of(update)
        if isinstance(update, BookUpdate):
            numbers += [price for price, _ in (*update.bids, *update.asks)]
        if isinstance(update, TradeTick | TickerUpdate):
            assert all(value > 0 for value in numbers if value is not getattr(update, "qty", None))
        assert all(value.is_finite() and abs(value) < ABSURD for value in numbers)

"""Messages of a known shape are read at once; every other one is left to the careful reader."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.venues.bybit.shapes import Shapes

ORDER: dict[str, Any] = {
    "symbol": "ETHUSDT",
    "orderId": "9d1f-0001",
    "side": "Sell",
    "orderStatus": "New",
    "qty": "3",
    "cumFeeDetail": {"USDT": "0.54"},
    "smpGroup": 0,
}


def written(row: dict[str, Any]) -> str:
    """A row as the venue writes it."""
    return json.dumps(row, separators=(",", ":"))


def message(*rows: str, topic: str = "order") -> bytes:
    """A private message with these rows, each as its JSON text."""
    return f'{{"id":"1","topic":"{topic}","creationTime":1,"data":[{",".join(rows)}]}}'.encode()


@pytest.fixture
def shapes() -> Shapes:
    """Shapes that have seen one order."""
    shapes = Shapes()
    shapes.learn("order", message(written(ORDER)))
    return shapes


def test_nothing_is_known_at_the_start() -> None:
    assert Shapes().read(message(written(ORDER))) is None


def test_rows_with_the_same_keys_are_read(shapes: Shapes) -> None:
    other = ORDER | {"qty": "4", "cumFeeDetail": {"USDT": "1", "MNT": "2"}}
    found = shapes.read(message(written(ORDER), written(other)))
    assert found is not None
    topic, rows = found
    assert topic == "order"
    assert [(row.order_id, row.qty, row.price) for row in rows] == [
        ("9d1f-0001", "3", ""),
        ("9d1f-0001", "4", ""),
    ]


@pytest.mark.parametrize(
    "row",
    [
        written(ORDER)[:-1] + ',"qty":"4"}',
        written(ORDER)[:-1] + ',"smpGroup":1}',
        written(ORDER)[:-1] + ',"\\u0071ty" : "4"}',
        written(ORDER).replace('"smpGroup"', '"qty"'),
        written(ORDER | {"cumFeeDetail": 0}).replace(":0,", ':{"USDT":"1","USDT":"2"},'),
        written(ORDER | {"cumFeeDetail": None}),
        written(ORDER | {"smpGroup": {"a": 1}}),
        written(ORDER | {"qty": 3}),
        written(ORDER | {"note": "x"}),
        written(ORDER | {"price": "2710.5"}),
        written(ORDER | {"orderId": "a:b"}),
        written({key: value for key, value in ORDER.items() if key != "smpGroup"}),
        "null",
        "7" * 5000,
    ],
    ids=lambda row: row[-40:],
)
def test_a_row_that_differs_is_left_to_the_careful_reader(shapes: Shapes, row: str) -> None:
    assert shapes.read(message(written(ORDER), row)) is None


@pytest.mark.parametrize(
    "spoiled",
    [
        message(written(ORDER)).replace(b'"id":"1"', b'"id":"1","id":"1"'),
        message(written(ORDER)).replace(b'"id":"1",', b""),
        message(written(ORDER))[:-1],
        message(written(ORDER), topic="execution"),
        b"\xff",
    ],
)
def test_an_envelope_that_differs_is_left_to_the_careful_reader(
    shapes: Shapes, spoiled: bytes
) -> None:
    assert shapes.read(spoiled) is None


def test_the_newest_shape_of_a_topic_is_the_one_that_is_known(shapes: Shapes) -> None:
    fuller = ORDER | {"price": "2710.5"}
    shapes.learn("order", message(written(fuller)))
    found = shapes.read(message(written(fuller)))
    assert found is not None
    assert found[1][0].price == "2710.5"
    assert shapes.read(message(written(ORDER))) is None


def test_topics_are_learned_beside_each_other(shapes: Shapes) -> None:
    position = {"symbol": "ETHUSDT", "side": "Sell", "size": "1"}
    shapes.learn("position", message(written(position), topic="position"))
    found = shapes.read(message(written(position), topic="position"))
    assert found is not None
    assert (found[0], found[1][0].size) == ("position", "1")
    assert shapes.read(message(written(ORDER))) is not None


@pytest.mark.parametrize(
    "unlike",
    [
        ("wallet", message(written(ORDER), topic="wallet")),
        ("order", message()),
        ("order", message(written(ORDER), written(ORDER | {"note": "x"}))),
        ("order", message(written(ORDER)).replace(b'"id":"1",', b"")),
    ],
)
def test_what_has_no_one_shape_is_not_learned(unlike: tuple[str, bytes]) -> None:
    shapes = Shapes()
    shapes.learn(*unlike)
    assert shapes.read(unlike[1]) is None


def test_learning_ends_where_it_leads_nowhere(shapes: Shapes) -> None:
    other = ORDER | {"note": "x"}
    for _ in range(50):
        shapes.learn("order", message(written(other)))
        shapes.learn("order", message(written(ORDER)))
    last = shapes.read(message(written(other))), shapes.read(message(written(ORDER)))
    assert [found is not None for found in last] == [True, False]

"""Positions at average cost."""

from __future__ import annotations

from decimal import Decimal

from engine.exchange.positions import Position

D = Decimal


def test_a_position_grows_at_its_average_shrinks_at_its_cost_and_flips_at_the_price() -> None:
    position = Position(symbol="BTCUSDT", settle="USDT")
    steps = [
        (D(1), D(100), (D(0), D(0)), D(1), D(100)),
        (D(3), D(104), (D(0), D(0)), D(4), D(103)),
        (D(-1), D(110), (D(1), D(7)), D(3), D(103)),
        (D(-5), D(100), (D(3), D(-9)), D(-2), D(100)),
        (D(-2), D(90), (D(0), D(0)), D(-4), D(95)),
        (D(4), D(90), (D(4), D(20)), D(0), D(0)),
    ]
    for qty, price, booked, held, average in steps:
        assert position.apply(qty, price) == booked
        assert (position.qty, position.avg_price) == (held, average)


def test_without_a_mark_nothing_is_unrealised() -> None:
    position = Position(symbol="BTCUSDT", settle="USDT", qty=D(-2), avg_price=D(100))
    assert position.revalue() == D(0)
    position.mark_price = D(101)
    assert (position.revalue(), position.unrealised) == (D(-2), D(-2))
    position.mark_price = D(99)
    assert (position.revalue(), position.unrealised) == (D(4), D(2))

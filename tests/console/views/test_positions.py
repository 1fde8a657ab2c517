"""Positions at their marks: nothing unpriced is shown as zero, nothing stale as fresh."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from console.glyphs import UNICODE
from console.replica import Replica
from console.views.cells import Cell, Line
from console.views.positions import COLUMNS, PositionsView, money_cell, net_cell, view
from engine.core.ledger.pnl import Totals, totals
from engine.core.reports import FillEvent
from engine.core.status import LinkUpdate
from engine.core.types import Side
from tests.console.fakes import NOW, NS, busy_link, status


@pytest.fixture
def replica() -> Replica:
    made = Replica()
    made.apply(busy_link().poll(), NOW)
    return made


def _view(replica: Replica) -> PositionsView:
    sums = totals(replica.state.positions.positions.values()).values()
    return view(replica, sums, UNICODE, stale=False)


def _row(made: PositionsView, symbol: str) -> dict[str, str]:
    cells = made.rows[made.keys.index(symbol)]
    return {column.key: cell.text for column, cell in zip(COLUMNS, cells, strict=True)}


def _text(lines: tuple[Line, ...]) -> list[str]:
    return ["".join(cell.text for cell in line) for line in lines]


def test_a_position_in_full(replica: Replica) -> None:
    assert _row(_view(replica), "BTCUSDT") == {
        "symbol": "BTCUSDT",
        "net": "▲+0.900",
        "avg": "60,922.0",
        "mark": "61,000.0",
        "unrealized": "▲+70.20",
        "realized": "0.00",
        "fees": "1.00",
    }


def test_a_short_position_points_down(replica: Replica) -> None:
    assert _row(_view(replica), "ETHUSDT")["net"] == "▼-2.00"
    assert net_cell(D("-2"), D("0.01"), UNICODE) == Cell("▼-2.00", "sell")
    assert net_cell(D(0), D("0.01"), UNICODE) == Cell("0.00", "muted")


def test_a_long_quantity_gives_up_its_arrow_before_a_digit() -> None:
    assert net_cell(D("0.001998"), D("0.000001"), UNICODE) == Cell("+0.001998", "buy")


def test_totals_add_up(replica: Replica) -> None:
    assert _text(_view(replica).foot) == [
        "Σ exposure 60,300 USDT  net ▲+92.70",
        "uPnL ▲+94.20  rPnL 0.00  fees 1.50",
    ]


def test_what_has_no_mark_has_no_figure_and_makes_no_total(replica: Replica) -> None:
    replica.state.positions.positions["ETHUSDT"].mark_price = None
    made = _view(replica)
    row = _row(made, "ETHUSDT")
    assert (row["mark"], row["unrealized"]) == ("–", "–")
    assert _text(made.foot) == [
        "Σ exposure – USDT  net –  unpriced",
        "uPnL –  rPnL 0.00  fees 1.50",
    ]


def test_an_old_mark_looks_old(replica: Replica) -> None:
    replica.apply(LinkUpdate(status=status(ts=NOW + 11 * NS)), NOW)
    made = _view(replica)
    assert made.rows[0][3] == Cell("~61,000.0", "stale")


def test_flat_positions_come_last(replica: Replica) -> None:
    replica.state.positions.positions["BTCUSDT"].qty = D(0)
    assert _view(replica).keys == ("ETHUSDT", "BTCUSDT")


def test_no_positions_are_no_rows_and_no_totals() -> None:
    made = view(Replica(), [], UNICODE, stale=True)
    assert (made.keys, made.rows, made.foot, made.curve) == ((), (), (), ())
    assert made.stale


def test_the_curve_is_the_net_pnl(replica: Replica) -> None:
    assert _view(replica).curve == (92.7,)


def test_two_currencies_have_totals_of_their_own() -> None:
    sums = [Totals(currency="USDT"), Totals(currency="BTC")]
    assert len(view(Replica(), sums, UNICODE, stale=False).foot) == 4


def test_money_has_sign_and_direction() -> None:
    assert money_cell(D("-1234.5"), UNICODE) == Cell("▼-1,234.5", "loss")


def test_the_sides_of_a_hedge_are_rows_of_their_own(replica: Replica) -> None:
    for index, side in ((1, Side.BUY), (2, Side.SELL)):
        replica.state.positions.apply_fill(
            FillEvent(
                exec_id=f"h{index}", client_order_id="h", symbol="SOLUSDT", side=side, qty=D(index),
                price=D(150), position_index=index,
            )
        )  # fmt: skip
    made = _view(replica)
    assert set(made.keys) >= {"SOLUSDT#1", "SOLUSDT#2"}
    assert [_row(made, f"SOLUSDT#{index}")["net"] for index in (1, 2)] == ["▲+1.0", "▼-2.0"]
    assert _row(made, "SOLUSDT#2")["symbol"] == "SOLUSDT#2"

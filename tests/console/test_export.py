"""Exports are whole, exact, and harmless to a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal as D
from pathlib import Path

import pytest

from console.export import FIELDS, export_rows, to_csv, write_export
from engine.core.orders.machine import Fill, Order
from engine.core.types import Side


def order(text: str = "") -> Order:
    return Order(
        client_order_id="td-1", symbol="BTCUSDT", side=Side.BUY, qty=D("1E+1"), price=D("60000.10"),
        cum_qty=D("2"), apart={"e1": Fill(D("2"), D("60000.1"))}, reason=text,
    )  # fmt: skip


def test_numbers_are_plain_decimal_strings_and_missing_ones_are_null() -> None:
    (row,) = export_rows([order()])
    assert tuple(row) == FIELDS
    assert (row["qty"], row["price"], row["avg_price"]) == ("10", "60000.10", "60000.1")
    market = Order(client_order_id="m", symbol="BTCUSDT", side=Side.SELL, qty=D(1))
    assert export_rows([market])[0]["price"] is None


def test_both_files_hold_the_same_orders(tmp_path: Path) -> None:
    rows = export_rows([order("late")])
    path = write_export(rows, tmp_path / "exports", "1")
    assert path.name == "orders-1.csv"
    (from_csv,) = csv.DictReader(io.StringIO(path.read_text()))
    (from_json,) = json.loads(path.with_suffix(".json").read_text())
    assert from_json == rows[0]
    assert from_csv["client_order_id"] == "td-1"
    assert sorted(p.name for p in path.parent.iterdir()) == ["orders-1.csv", "orders-1.json"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_venue_text_that_a_spreadsheet_would_run_is_made_inert(text: str) -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv(export_rows([order(text)]))))
    assert row["reason"] == f"'{text}"


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("a file")
    with pytest.raises(OSError, match="exports"):
        write_export([], tmp_path / "exports", "1")

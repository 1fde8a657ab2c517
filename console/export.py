"""The filtered orders as CSV and JSON files, for whoever was not at the screen."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import msgspec

from engine.core.orders.machine import Order

FIELDS = (
    "client_order_id", "exchange_order_id", "symbol", "side", "type", "time_in_force",
    "post_only", "reduce_only", "qty", "price", "state", "cum_qty", "leaves_qty", "avg_price",
    "reason", "created_ts", "updated_ts", "attempts", "by",
)  # fmt: skip

Value = str | int | bool | None


def export_rows(orders: Iterable[Order]) -> list[dict[str, Value]]:
    """One flat record an order: numbers that are money or quantity as decimal strings."""
    return [{name: _plain(getattr(order, name)) for name in FIELDS} for order in orders]


def to_csv(rows: Iterable[dict[str, Value]]) -> str:
    """Records as CSV with a header. Text that a spreadsheet would run gets an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def write_export(rows: list[dict[str, Value]], folder: Path, stamp: str) -> Path:
    """Write `orders-<stamp>.csv` and `.json` whole or not at all; returns the CSV's path.

    Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    csv_path = folder / f"orders-{stamp}.csv"
    _write(csv_path, to_csv(rows).encode())
    _write(csv_path.with_suffix(".json"), msgspec.json.format(msgspec.json.encode(rows)))
    return csv_path


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _plain(value: object) -> Value:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value if isinstance(value, str | int | bool) else None


def _inert(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@") else value

"""The venue's own examples and recorded messages, where they are at hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.core.market import BookUpdate, MarketUpdate, TickerUpdate, TradeTick
from engine.core.reports import FillEvent, OrderReport, PositionReport, VenueStatus
from engine.core.types import Category
from engine.venues.bybit.codec import Codec
from engine.venues.bybit.instruments import InstrumentRow, SymbolMap, instrument
from engine.venues.bybit.market import MarketFeed
from engine.venues.bybit.quarantine import Quarantine

FIXTURES = Path(__file__).parents[5] / "shared" / "bybit-fixtures"

pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="no recorded messages here")


def _read(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def _rows(name: str) -> list[msgspec.Raw]:
    result: dict[str, Any] = json.loads(_read(name))["result"]
    return [msgspec.Raw(json.dumps(row).encode()) for row in result["list"]]


@pytest.fixture
def quarantine() -> Quarantine:
    return Quarantine()


@pytest.fixture
def codec(quarantine: Quarantine) -> Codec:
    return Codec(SymbolMap(), quarantine)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("docs-examples/ws_order__2.json", [OrderReport]),
        ("ccxt-comments/pro__handle_order__052.json", [OrderReport]),
        ("docs-examples/ws_execution__2.json", [FillEvent]),
        ("ccxt-comments/pro__handle_my_trades__048.json", [FillEvent]),
        ("docs-examples/ws_position__2.json", []),  # a flat hedge row
        ("docs-examples/ws_wallet__2.json", []),
    ],
)
def test_private_messages(
    codec: Codec, quarantine: Quarantine, name: str, kinds: list[type]
) -> None:
    reports = codec.private(_read(name))
    assert reports is not None
    assert [type(report) for report in reports] == kinds
    assert not quarantine.counts


@pytest.mark.parametrize(
    "name",
    [
        "docs-examples/order_realtime__1.json",
        "docs-examples/order_history__1.json",
        "ccxt-comments/rest__fetch_order__028.json",
        "ccxt-comments/rest__fetch_open_orders__030.json",
        "ccxt-comments/rest__fetch_canceled_and_closed_orders__029.json",
    ],
)
def test_order_pages(codec: Codec, quarantine: Quarantine, name: str) -> None:
    orders = [codec.read_order(raw, "linear") for raw in _rows(name)]
    assert orders
    assert all(order.status is not VenueStatus.OTHER for order in orders)
    assert not quarantine.counts


@pytest.mark.parametrize(
    "name",
    ["docs-examples/execution_list__1.json", "ccxt-comments/rest__fetch_my_trades__031.json"],
)
def test_execution_pages(codec: Codec, quarantine: Quarantine, name: str) -> None:
    fills = [codec.read_execution(raw, "linear") for raw in _rows(name)]
    assert fills
    assert all(isinstance(fill, FillEvent) and fill.fee_currency for fill in fills)
    assert not quarantine.counts


def test_position_pages(codec: Codec) -> None:
    (row,) = _rows("docs-examples/position_list__1.json")
    report = codec.read_position(row, "linear")
    assert isinstance(report, PositionReport | None)


@pytest.mark.parametrize(
    ("name", "category", "symbol", "step"),
    [
        ("instruments_info__1.json", Category.LINEAR, "BTCUSDT", "0.001"),
        ("instruments_info__4.json", Category.SPOT, "BTC/USDT", "0.000001"),
    ],
)
def test_instruments(name: str, category: Category, symbol: str, step: str) -> None:
    (raw,) = _rows(f"docs-examples/{name}")
    found = instrument(msgspec.json.decode(raw, type=InstrumentRow), category)
    assert (found.symbol, found.category, found.venue_symbol) == (symbol, category, "BTCUSDT")
    assert (found.base, found.quote, found.settle) == ("BTC", "USDT", "USDT")
    assert found.qty_step == Decimal(step)
    assert found.min_notional == 5
    assert found.trading


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("docs-examples/ws_orderbook__1.json", BookUpdate),
        ("docs-examples/ws_public_trade__1.json", TradeTick),
        ("ccxt-comments/pro__handle_trades__044.json", TradeTick),
        ("docs-examples/ws_tickers__1.json", TickerUpdate),
        ("ccxt-comments/pro__handle_ticker__038.json", TickerUpdate),
    ],
)
def test_public_messages(quarantine: Quarantine, name: str, kind: type) -> None:
    seen: list[MarketUpdate] = []
    feed = MarketFeed(Category.LINEAR, [("BTCUSDT", "BTCUSDT")], seen.append, quarantine)
    feed.subscriptions()
    assert feed.receive(_read(name)) is None
    assert seen
    assert {type(update) for update in seen} == {kind}
    assert not quarantine.counts


@pytest.mark.parametrize("number", [3, 4, 10, 11, 12])
def test_answers_on_a_public_stream(quarantine: Quarantine, number: int) -> None:
    feed = MarketFeed(Category.SPOT, [], lambda update: None, quarantine)
    answer = feed.receive(_read(f"docs-examples/ws_connect__{number}.json"))
    assert answer is not None
    assert answer.success
    assert not quarantine.counts

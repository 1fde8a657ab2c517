"""The venue's own examples and recorded messages, where they are at hand."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.core.market import BookUpdate, MarketUpdate, TickerUpdate, TradeTick
from engine.core.reports import (
    FillEvent,
    InputLost,
    OrderReport,
    PositionReport,
    Report,
    WalletReport,
)
from engine.core.types import Category
from engine.venues.bybit.codec import Codec, Unreadable
from engine.venues.bybit.instruments import InstrumentRow, SymbolMap, instrument
from engine.venues.bybit.market import MarketFeed
from engine.venues.bybit.private import PrivateFeed
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.trade import TradeFeed

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


# Every example that is about orders, executions, positions or balances: what it becomes, or why it
# is refused. Nothing is left out: `test_no_example_is_forgotten` looks for more.

MESSAGES: dict[str, list[type]] = {
    "docs-examples/ws_order__2.json": [OrderReport],
    "docs-examples/ws_execution__2.json": [FillEvent],
    "docs-examples/ws_execution_fast__2.json": [],
    "docs-examples/ws_position__2.json": [PositionReport],  # a flat side of a hedge
    "docs-examples/ws_wallet__2.json": [WalletReport],
    "ccxt-comments/pro__handle_order__051.json": [InputLost],
    "ccxt-comments/pro__handle_order__052.json": [OrderReport],
    "ccxt-comments/pro__handle_my_trades__048.json": [FillEvent],
    "ccxt-comments/pro__handle_my_trades__049.json": [],
    "ccxt-comments/pro__handle_balance__054.json": [WalletReport],
}
SET_ASIDE = {
    "docs-examples/ws_execution_fast__2.json": "private_topic: ",  # not subscribed
    "ccxt-comments/pro__handle_my_trades__049.json": "private_topic: ",
    "ccxt-comments/pro__handle_order__051.json": (
        "order_row: Object missing required field `symbol`"  # of the API before this one
    ),
}
PAGES = {
    "docs-examples/order_realtime__1.json": "order",
    "docs-examples/order_history__1.json": "order",
    "ccxt-comments/rest__fetch_order__028.json": "order",
    "ccxt-comments/rest__fetch_open_orders__030.json": "order",
    "ccxt-comments/rest__fetch_canceled_and_closed_orders__029.json": "order",
    "docs-examples/execution_list__1.json": "execution",
    "ccxt-comments/rest__fetch_my_trades__031.json": "execution",
    "docs-examples/position_list__1.json": "position",
    "ccxt-comments/rest__fetch_positions__032.json": "position",
}
REFUSED = {
    "ccxt-comments/rest__fetch_positions__032.json": (
        "Expected `str | null`, got `int` - at `$.updatedTime`"
    ),
}
TOPICS = ("order", "execution", "position", "wallet")
MARKS = {"order": "orderStatus", "execution": "execType", "position": "positionIdx"}


def _names() -> list[str]:
    return sorted(path.relative_to(FIXTURES).as_posix() for path in FIXTURES.rglob("*.json"))


def test_no_example_is_forgotten() -> None:
    messages, pages = set(), set()
    for name in _names():
        example = json.loads(_read(name))
        if not isinstance(example, dict):
            continue
        if str(example.get("topic", "")).split(".")[0] in TOPICS:
            messages.add(name)
        result = example.get("result")
        rows = result.get("list", []) if isinstance(result, dict) else []
        if any(isinstance(row, dict) and mark in row for row in rows for mark in MARKS.values()):
            pages.add(name)
    assert messages == set(MESSAGES)
    assert pages == set(PAGES)


@pytest.mark.parametrize("name", MESSAGES)
def test_private_messages(codec: Codec, quarantine: Quarantine, name: str) -> None:
    reports: list[Report] = []
    feed = PrivateFeed(codec, quarantine, reports.append, lambda expires: b"", lambda: 0)
    feed.receive(_read(name))
    assert [type(report) for report in reports] == MESSAGES[name]
    if name in SET_ASIDE:
        assert quarantine.counts.total() == 1
        assert quarantine.last.startswith(SET_ASIDE[name])
    else:
        assert not quarantine.counts


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_rows(codec: Codec, quarantine: Quarantine, name: str) -> None:
    readers = {
        "order": (codec.read_order, OrderReport),
        "execution": (codec.read_execution, FillEvent),
        "position": (codec.read_position, PositionReport),
    }
    read, kind = readers[PAGES[name]]
    rows = _rows(name)
    assert rows
    for raw in rows:
        if name in REFUSED:
            with pytest.raises(Unreadable, match=re.escape(REFUSED[name])):
                read(raw, "linear")
        else:
            assert type(read(raw, "linear")) is kind
    assert not quarantine.counts


def test_no_example_stops_a_stream_whatever_it_is(codec: Codec, quarantine: Quarantine) -> None:
    reports: list[Report] = []
    private = PrivateFeed(codec, quarantine, reports.append, lambda expires: b"", lambda: 0)
    public = MarketFeed(Category.LINEAR, [], lambda update: None, quarantine)
    for name in _names():
        private.receive(_read(name))
        public.receive(_read(name))
    assert len(reports) >= len(MESSAGES) - len(SET_ASIDE)


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


@pytest.mark.parametrize(
    "name",
    [
        "docs-examples/ws_connect__2.json",
        "docs-examples/ws_connect__5.json",
        "docs-examples/ws_connect__6.json",
        "ccxt-comments/pro__handle_pong__056.json",
    ],
)
def test_answers_on_a_private_stream(codec: Codec, quarantine: Quarantine, name: str) -> None:
    feed = PrivateFeed(codec, quarantine, lambda report: None, lambda expires: b"", lambda: 0)
    assert feed.receive(_read(name)) is not None
    assert not quarantine.counts


@pytest.mark.parametrize(
    ("name", "is_control"),
    [
        ("docs-examples/ws_trade__2.json", True),
        ("docs-examples/ws_trade__8.json", True),
        ("docs-examples/ws_trade__4.json", False),
        ("ccxt-comments/pro__handle_order_ws__050.json", False),
        ("ccxt-comments/pro__handle_error_message__055.json", False),
    ],
)
def test_answers_on_the_trade_stream(quarantine: Quarantine, name: str, is_control: bool) -> None:
    feed = TradeFeed(quarantine, lambda expires: b"", lambda: 0, 5000)
    answer = feed.receive(_read(name))
    assert (answer is not None) == is_control
    assert answer is None or answer.success
    assert not quarantine.counts

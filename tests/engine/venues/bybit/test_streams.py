"""Streams: handshake order, reconnects, silence, and books that keep their place."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import NS, SimClock, run_simulated
from engine.core.market import BookUpdate, MarketUpdate, TickerUpdate, TradeTick
from engine.core.reports import LinkReport, OrderReport, Report
from engine.core.types import Category, Side
from engine.venues.bybit import create_bybit_client
from engine.venues.bybit.market import MarketFeed
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.errors import VenueRefused
from tests.engine.venues.bybit.scripted import ScriptedStream, ScriptedTransport, agree, page
from tests.engine.venues.bybit.test_client import (
    INSTRUMENTS,
    LINEAR_INSTRUMENT,
    SPOT_INSTRUMENT,
    T0,
    Rig,
)
from tests.engine.venues.bybit.test_codec import ORDER


class Live(Rig):
    """A rig whose client is connected; `reports` and `updates` are what it said."""

    def __init__(self, categories: tuple[str, ...] = ("linear",)) -> None:
        rows = {"linear": LINEAR_INSTRUMENT, "spot": SPOT_INSTRUMENT}
        pages = [page(rows[category]) for category in categories]
        super().__init__({INSTRUMENTS: pages}, categories=categories)
        self.reports: list[Report] = []
        self.updates: list[MarketUpdate] = []

    async def connect(self) -> None:
        await self.client.connect(self.reports.append, self.updates.append)

    @property
    def private(self) -> ScriptedStream:
        return [s for s in self.transport.streams if s.path == "/v5/private"][-1]

    @property
    def public(self) -> ScriptedStream:
        return [s for s in self.transport.streams if s.path.startswith("/v5/public")][-1]

    def links(self) -> list[tuple[str, bool, str]]:
        return [(r.link, r.up, r.text) for r in self.reports if isinstance(r, LinkReport)]

    def play(self, scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            await self.connect()
            try:
                await scenario()
            finally:
                await self.client.close()

        self.run(whole())


def _ops(stream: ScriptedStream) -> list[str]:
    return [said["op"] for said in stream.sent]


def test_login_comes_before_the_subscriptions_and_then_the_links_are_up() -> None:
    rig = Live(("linear", "spot"))

    async def scenario() -> None:
        assert _ops(rig.private) == ["auth", "subscribe"]
        key, expires, _ = rig.private.sent[0]["args"]
        assert (key, expires) == ("KEY", 1_700_000_010_000)
        assert rig.private.sent[1]["args"] == ["order", "execution", "position"]
        assert [stream.path for stream in rig.transport.streams] == [
            "/v5/private",
            "/v5/public/linear",
            "/v5/public/spot",
        ]
        assert rig.public.sent == [
            {
                "op": "subscribe",
                "args": ["orderbook.50.BTCUSDT", "publicTrade.BTCUSDT", "tickers.BTCUSDT"],
            }
        ]
        assert rig.links() == [("private", True, ""), ("public", True, "")]

    rig.play(scenario)
    assert all(stream.closed for stream in rig.transport.streams)


def test_only_the_symbols_asked_for_are_subscribed() -> None:
    rig = Rig({INSTRUMENTS: [page(LINEAR_INSTRUMENT), page(SPOT_INSTRUMENT)]}, symbols=["BTC/USDT"])

    async def scenario() -> None:
        await rig.client.connect(lambda report: None, lambda update: None)
        assert [stream.path for stream in rig.transport.streams] == [
            "/v5/private",
            "/v5/public/spot",
        ]
        await rig.client.close()

    rig.run(scenario())


def test_a_report_reaches_the_engine() -> None:
    rig = Live()

    async def scenario() -> None:
        rig.private.push({"id": "1", "topic": "order", "creationTime": 1, "data": [ORDER]})
        assert isinstance(rig.reports[-1], OrderReport)
        rig.private.push(b"garbage")
        assert rig.client.anomalies == {"private_message": 1}

    rig.play(scenario)


def test_a_refused_login_fails_the_connect_and_leaves_nothing_open() -> None:
    rig = Live()
    rig.transport.answer_stream = lambda said: {
        "success": False,
        "ret_msg": "bad \x1b[31msign",
        "op": said["op"],
    }
    with pytest.raises(VenueRefused, match=r"^auth refused: bad \[31msign$"):
        rig.run(rig.connect())
    assert all(stream.closed for stream in rig.transport.streams)
    assert rig.reports == [LinkReport(link="private", up=False, text="auth refused: bad [31msign")]


def test_already_subscribed_is_as_good_as_subscribed() -> None:
    rig = Live()
    text = "error:already subscribed,topic:order"
    rig.transport.answer_stream = lambda said: (
        agree(said)
        | {  # type: ignore[operator]
            "success": said["op"] == "auth",
            "ret_msg": text,
        }
    )

    async def scenario() -> None:
        assert rig.links() == [("private", True, ""), ("public", True, "")]

    rig.play(scenario)


def test_a_venue_that_does_not_answer_the_login_times_out() -> None:
    rig = Live()
    rig.transport.answer_stream = lambda said: None
    with pytest.raises(TimeoutError):
        rig.run(rig.connect())
    assert rig.clock.now_ns() == T0 + 5 * NS


def test_a_socket_that_closes_during_the_login_is_a_connection_error() -> None:
    rig = Live()

    def hang_up(said: dict[str, Any]) -> None:
        rig.private.drop("going \x07away")

    rig.transport.answer_stream = hang_up
    with pytest.raises(ConnectionError, match=r"^going away$"):
        rig.run(rig.connect())


def test_f30_a_lost_stream_is_reported_and_comes_back_with_its_login_first() -> None:
    rig = Live()

    async def scenario() -> None:
        first = rig.private
        first.drop("connection lost")
        await rig.clock.sleep(0)
        assert rig.links()[2:] == [("private", False, "connection lost")]
        await rig.clock.sleep(0.5)
        assert rig.private is not first
        assert first.closed
        assert _ops(rig.private) == ["auth", "subscribe"]
        assert rig.links()[3:] == [("private", True, "")]
        first.push({"id": "1", "topic": "order", "creationTime": 1, "data": [ORDER]})
        assert len(rig.links()) == len(rig.reports)  # the old socket is not heard any more

    rig.play(scenario)


def test_f31_reconnects_back_off_and_start_again_only_after_a_minute_up() -> None:
    rig = Live()
    opened: list[float] = []

    async def scenario() -> None:
        rig.transport.refuse_streams = [ConnectionRefusedError("no")] * 9
        rig.private.drop("lost")
        while rig.transport.refuse_streams:
            left = len(rig.transport.refuse_streams)
            await rig.clock.sleep(0.05)
            if len(rig.transport.refuse_streams) < left:
                opened.append((rig.clock.now_ns() - T0) / NS)
        await rig.clock.sleep(40)
        assert rig.links()[-1] == ("private", True, "")

    rig.play(scenario)
    gaps = [after - before for before, after in zip([0.0, *opened], opened, strict=False)]
    for gap, longest in zip(gaps, [0.5, 1, 2, 4, 8, 10, 10, 10, 10], strict=True):
        assert longest / 2 <= gap <= longest + 0.1


def test_a_refused_login_while_reconnecting_is_told_and_tried_again() -> None:
    rig = Live()

    async def scenario() -> None:
        rig.transport.answer_stream = lambda said: {
            "success": False,
            "ret_msg": "expired",
            "op": "auth",
        }
        rig.private.drop("lost")
        await rig.clock.sleep(0.5)
        assert rig.links()[-1] == ("private", False, "auth refused: expired")
        rig.transport.answer_stream = agree
        await rig.clock.sleep(1)
        assert rig.links()[-1] == ("private", True, "")

    rig.play(scenario)


def test_public_is_up_while_every_category_is() -> None:
    rig = Live(("linear", "spot"))

    async def scenario() -> None:
        rig.public.drop("lost")
        await rig.clock.sleep(0)
        rig.transport.streams[1].drop("lost too")
        await rig.clock.sleep(1)
        assert rig.links()[2:] == [("public", False, "lost"), ("public", True, "")]

    rig.play(scenario)


def test_the_private_stream_is_pinged_every_five_seconds_and_the_others_every_twenty() -> None:
    rig = Live()

    async def scenario() -> None:
        await rig.clock.sleep(21)
        assert _ops(rig.private) == ["auth", "subscribe", "ping", "ping", "ping", "ping"]
        assert _ops(rig.public).count("ping") == 1
        await rig.clock.sleep(100)
        assert rig.links() == [("private", True, ""), ("public", True, "")]

    rig.play(scenario)


def _without_pongs(said: dict[str, Any]) -> object:
    return None if said["op"] == "ping" else agree(said)


def test_f29_a_silent_socket_is_dead_after_two_ping_periods() -> None:
    rig = Live()

    async def scenario() -> None:
        rig.transport.answer_stream = lambda said: None
        await rig.clock.sleep(9.999)
        assert len(rig.links()) == 2
        await rig.clock.sleep(0.002)
        assert rig.links()[2:] == [("private", False, "silent for 10 s")]
        await rig.clock.sleep(29.998)
        assert not any(link == "public" for link, _, _ in rig.links()[2:])
        await rig.clock.sleep(0.002)
        assert ("public", False, "silent for 40 s") in rig.links()

    rig.play(scenario)


def test_silence_is_counted_from_what_was_heard_last_and_not_from_the_pings() -> None:
    rig = Live()

    async def scenario() -> None:
        rig.transport.answer_stream = _without_pongs
        for at_s in (4.9, 9.8, 14.7):
            await rig.clock.sleep(4.9)
            rig.private.push({"id": "1", "topic": "order", "creationTime": 1, "data": [ORDER]})
            assert len(rig.links()) == 2, at_s
        await rig.clock.sleep(9.999)
        assert len(rig.links()) == 2
        await rig.clock.sleep(0.002)
        assert rig.links()[2:] == [("private", False, "silent for 10 s")]

    rig.play(scenario)


def test_closing_ends_the_streams_for_good() -> None:
    rig = Live()

    async def scenario() -> None:
        await rig.client.close()
        await rig.client.close()
        rig.private.drop("late")
        await rig.clock.sleep(100)
        assert len(rig.transport.streams) == 2
        assert len(rig.links()) == 2

    rig.play(scenario)


def test_a_link_that_held_a_minute_comes_back_fast_again() -> None:
    rig = Live()

    async def scenario() -> None:
        for up_s in (0.0, 0.0, 0.0, 61.0):
            await rig.clock.sleep(up_s)
            rig.private.drop("lost")
            await rig.clock.sleep(5 if not up_s else 0.5)
            assert rig.links()[-1] == ("private", True, "")

    rig.play(scenario)


def test_a_socket_that_cannot_be_written_to_is_lost() -> None:
    rig = Live()

    async def scenario() -> None:
        def refuse(said: dict[str, Any]) -> None:
            raise BrokenPipeError("broken pipe")

        rig.transport.answer_stream = refuse
        await rig.clock.sleep(20)
        assert ("private", False, "broken pipe") in rig.links()

    rig.play(scenario)


def test_a_book_with_a_gap_is_asked_for_on_its_socket() -> None:
    rig = Live()

    async def scenario() -> None:
        book = {"topic": "orderbook.50.BTCUSDT", "ts": 1, "data": {"u": 5}}
        rig.public.push(book | {"type": "snapshot"})
        rig.public.push(book | {"type": "delta", "data": {"u": 7}})
        assert _ops(rig.public) == ["subscribe", "unsubscribe", "subscribe"]

    rig.play(scenario)


def test_other_answers_do_not_count_as_the_login() -> None:
    rig = Live()
    rig.transport.answer_stream = lambda said: {"op": "pong", "success": True}
    with pytest.raises(TimeoutError):
        rig.run(rig.connect())


def test_a_keeper_that_breaks_says_that_its_link_is_down() -> None:
    rig = Live()

    class Fragile(list[Report]):
        broken = False

        def append(self, report: Report) -> None:
            if isinstance(report, LinkReport) and not report.up and not self.broken:
                self.broken = True
                raise KeyError("bug")
            super().append(report)

    rig.reports = Fragile()

    async def lose() -> None:
        rig.private.drop("lost")
        await rig.clock.sleep(0)
        await rig.clock.sleep(0)
        assert rig.links()[-1] == ("private", False, "the stream keeper failed: KeyError('bug')")

    rig.play(lose)


# --- market data -------------------------------------------------------------------------------


class Market:
    """A feed of one linear market and what it produced."""

    def __init__(self, category: Category = Category.LINEAR) -> None:
        self.seen: list[MarketUpdate] = []
        self.quarantine = Quarantine()
        markets = [("BTCUSDT", "BTCUSDT")]
        self.feed = MarketFeed(category, markets, self.seen.append, self.quarantine)
        self.feed.subscriptions()

    def book(self, kind: str, update_id: int, **data: object) -> list[MarketUpdate]:
        """Push a book message; return what came of it."""
        return self.push(
            {
                "topic": "orderbook.50.BTCUSDT",
                "type": kind,
                "ts": 1_700_000_000_005,
                "data": {"s": "BTCUSDT", "b": [["1", "2"]], "a": [], "u": update_id} | data,
                "cts": 1_700_000_000_001,
            }
        )

    def push(self, message: object) -> list[MarketUpdate]:
        before = len(self.seen)
        raw = message if isinstance(message, bytes) else _json(message)
        assert self.feed.receive(raw) is None
        return self.seen[before:]

    def asked_again(self) -> bool:
        owed, self.feed.owed = self.feed.owed, []
        assert owed in (
            [],
            [
                b'{"op":"unsubscribe","args":["orderbook.50.BTCUSDT"]}',
                b'{"op":"subscribe","args":["orderbook.50.BTCUSDT"]}',
            ],
        )
        return bool(owed)


def _json(message: object) -> bytes:
    import msgspec

    return msgspec.json.encode(message)


def test_a_book_starts_with_its_snapshot_and_follows_without_gaps() -> None:
    market = Market()
    assert market.book("delta", 6) == []
    assert market.book("snapshot", 7) == [
        BookUpdate(
            symbol="BTCUSDT",
            snapshot=True,
            bids=[(Decimal(1), Decimal(2))],
            asks=[],
            update_id=7,
            ts=1_700_000_000_001_000_000,
        )
    ]
    (delta,) = market.book("delta", 8)
    assert isinstance(delta, BookUpdate)
    assert (delta.snapshot, delta.update_id) == (False, 8)
    assert market.book("delta", 8) == []
    assert market.quarantine.counts == {"book_repeat": 1}
    assert not market.asked_again()


def test_a_gap_asks_for_the_book_again_and_waits_for_its_snapshot() -> None:
    market = Market()
    market.book("snapshot", 7)
    assert market.book("delta", 9) == []
    assert market.asked_again()
    assert market.book("delta", 10) == []
    assert not market.asked_again()
    assert len(market.book("snapshot", 20)) == 1
    assert len(market.book("delta", 21)) == 1
    assert market.quarantine.counts == {"book_gap": 1}


def test_update_id_one_is_a_snapshot_whatever_it_says() -> None:
    market = Market()
    market.book("snapshot", 700)
    (restart,) = market.book("delta", 1)
    assert isinstance(restart, BookUpdate)
    assert restart.snapshot
    assert len(market.book("delta", 2)) == 1


@pytest.mark.parametrize("rows", [[["NaN", "1"]], [["1"]], [["1", "-2"]], [[1, 2]], "x"])
def test_an_unreadable_book_never_leaves_a_hole(rows: object) -> None:
    market = Market()
    market.book("snapshot", 7)
    assert market.book("delta", 8, b=rows) == []
    assert market.quarantine.counts["public_message"] == 1
    asked = market.asked_again()
    assert market.book("delta", 9) == []
    assert asked or market.asked_again()


def test_a_book_that_never_comes_is_asked_for_again() -> None:
    market = Market()
    market.feed.tick()
    assert market.asked_again()
    market.book("snapshot", 7)
    market.feed.tick()
    assert not market.asked_again()


def test_trades_carry_the_aggressors_side() -> None:
    row = {"T": 1_700_000_000_000, "s": "BTCUSDT", "S": "Sell", "v": "0.5", "p": "61000.5"}
    message = {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": 1, "data": [row]}
    market = Market()
    assert market.push(message) == [
        TradeTick(
            symbol="BTCUSDT",
            side=Side.SELL,
            qty=Decimal("0.5"),
            price=Decimal("61000.5"),
            ts=1_700_000_000_000_000_000,
        )
    ]
    assert market.push(message | {"data": [row, row | {"S": "Hold"}]}) == []
    assert market.push(message | {"data": {}}) == []
    assert market.quarantine.counts == {"public_message": 2}


def test_a_ticker_delta_names_only_what_changed() -> None:
    market = Market()
    message = {"topic": "tickers.BTCUSDT", "type": "delta", "ts": 5}
    ts = 5_000_000
    assert market.push(message | {"data": {"markPrice": "61000", "lastPrice": "61001"}}) == [
        TickerUpdate(symbol="BTCUSDT", mark=Decimal(61000), last=Decimal(61001), ts=ts)
    ]
    assert market.push(message | {"data": {"markPrice": "61002"}}) == [
        TickerUpdate(symbol="BTCUSDT", mark=Decimal(61002), last=None, ts=ts)
    ]
    assert market.push(message | {"ts": 9, "data": {"bid1Size": "2"}}) == [
        TickerUpdate(symbol="BTCUSDT", mark=Decimal(61002), last=None, ts=9_000_000)
    ]
    assert market.push(message | {"data": {"volume24h": "1", "markPrice": ""}}) == []
    assert market.push(message | {"data": {"volume24h": "1"}}) == []
    assert market.push(message | {"data": []}) == []
    assert market.push(message | {"topic": "orderbook.50.BTCUSDT", "data": []}) == []
    assert market.quarantine.counts == {"public_message": 2}


def test_a_ticker_delta_on_a_fresh_connection_says_nothing_of_the_mark_before() -> None:
    market = Market()
    message = {"topic": "tickers.BTCUSDT", "ts": 5}
    market.push(message | {"type": "snapshot", "data": {"markPrice": "61000"}})
    market.feed.subscriptions()
    assert market.push(message | {"type": "delta", "data": {"bid1Size": "2"}}) == []


def test_spot_has_no_mark_so_its_last_price_stands_in() -> None:
    market = Market(Category.SPOT)
    message = {"topic": "tickers.BTCUSDT", "type": "snapshot", "ts": 5}
    assert market.push(message | {"data": {"lastPrice": "61001"}}) == [
        TickerUpdate(symbol="BTCUSDT", mark=Decimal(61001), last=Decimal(61001), ts=5_000_000)
    ]


def test_what_is_no_market_data_is_counted() -> None:
    market = Market()
    for raw in (b"", b"[]", b"\xff", b'{"topic":"kline.5.BTCUSDT"}', b"{}", b"[" * 200_000):
        assert market.push(raw) == []
    assert market.quarantine.counts == {"public_message": 4, "public_topic": 2}


def test_subscriptions_go_out_ten_at_a_time() -> None:
    markets = [(f"S{n}USDT", f"S{n}USDT") for n in range(7)]
    feed = MarketFeed(Category.SPOT, markets, lambda update: None, Quarantine())
    sizes = [message.count(b".S") for message in feed.subscriptions()]
    assert sizes == [10, 10, 1]


def test_where_it_keeps_orders_alive_the_private_stream_listens_for_that_too() -> None:
    transport = ScriptedTransport({INSTRUMENTS: [page(LINEAR_INSTRUMENT)]})
    clock = SimClock(T0)
    client = create_bybit_client(
        transport, clock, api_key="KEY", api_secret="SECRET", categories=("linear",), dcp=True
    )

    async def scenario() -> None:
        await client.connect(lambda report: None, lambda update: None)
        private = transport.streams[0]
        asked = [said["args"] for said in private.sent if said["op"] == "subscribe"]
        assert asked == [["order", "execution", "position"], ["dcp.future"]]
        await clock.sleep(6)
        assert _ops(private)[-1] == "ping"
        await client.close()

    run_simulated(clock, scenario())

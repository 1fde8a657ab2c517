"""Reading recorded markets: good ones, damaged ones, and the shared ones."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.exchange import RecordingError
from engine.exchange.book import Book
from engine.exchange.sources.frames import BookFrame, TradeFrame
from engine.exchange.sources.recorded import MAX_FAULTS, open_recording
from tests.engine.exchange.venue import LINEAR, SPOT, START, book, instrument, ticker, trade, write

SHARED = Path(__file__).parents[5] / "shared" / "data"
SNAPSHOT = book(0, [("99.9", "2")], [("100.0", "1")])
GOOD = [instrument(LINEAR), SNAPSHOT, trade(1, "Buy", "1", "100.0")]


def other(line: dict[str, Any], **changes: object) -> dict[str, Any]:
    """A line with other keys in its frame."""
    return line | {"f": line["f"] | changes}


@pytest.mark.parametrize("name", ["market.jsonl", "market.jsonl.gz"])
def test_a_recording_is_read_plain_or_gzipped(tmp_path: Path, name: str) -> None:
    source = open_recording([write(tmp_path / name, [*GOOD, ticker(2, lastPrice="100.0")])])
    assert source.instruments == [("linear", LINEAR)]
    assert (source.first_ts, source.last_ts) == (START, START + 2_000_000)
    assert (source.errors, source.error_count) == ([], 0)
    frames = list(source.frames())
    assert [frame.topic for frame in frames] == [
        "orderbook.50.BTCUSDT",
        "publicTrade.BTCUSDT",
        "tickers.BTCUSDT",
    ]
    assert {(frame.category, frame.symbol) for frame in frames} == {("linear", "BTCUSDT")}


def test_frames_are_passed_on_as_the_bytes_they_were(tmp_path: Path) -> None:
    raw = b'{"type":"snapshot",  "topic":"publicTrade.BTCUSDT","ts":1,"data":[],"x":[1e5]}'
    line = b'{"t":%d,"f":%s}' % (START, raw)
    source = open_recording([write(tmp_path / "market.jsonl", [GOOD[0], line])])
    assert [frame.raw for frame in source.frames()] == [raw]


def test_a_deleted_level_is_passed_on_with_the_size_0(tmp_path: Path) -> None:
    gone = book(1, [("99.9", "0.000")], [("100.0", "0"), ("100.1", "2.00")], u=2)
    source = open_recording([write(tmp_path / "market.jsonl", [*GOOD[:2], gone])])
    _, frame = source.frames()
    data = json.loads(frame.raw)["data"]
    assert (data["b"], data["a"]) == ([["99.9", "0"]], [["100.0", "0"], ["100.1", "2.00"]])
    assert (data["u"], frame.topic) == (2, "orderbook.50.BTCUSDT")


def test_files_are_merged_by_time_and_in_order_at_the_same_time(tmp_path: Path) -> None:
    eth = LINEAR | {"symbol": "ETHUSDT"}
    text = {"topic": "publicTrade.ETHUSDT", "type": "snapshot", "ts": 0, "data": []}
    second = [instrument(eth)] + [{"t": START + at, "f": text} for at in (0, 2_000_000)]
    paths = [write(tmp_path / "a.jsonl", second), write(tmp_path / "b.jsonl", GOOD)]
    source = open_recording(paths)
    assert [frame.symbol for frame in source.frames()] == [
        "ETHUSDT",
        "BTCUSDT",
        "BTCUSDT",
        "ETHUSDT",
    ]
    assert [row["symbol"] for _, row in source.instruments] == ["ETHUSDT", "BTCUSDT"]
    assert next(source.frames()).t_ns == START


def test_a_row_without_a_contract_is_a_spot_market(tmp_path: Path) -> None:
    source = open_recording([write(tmp_path / "market.jsonl", [instrument(SPOT), *GOOD[1:]])])
    assert [frame.category for frame in source.frames()] == ["spot", "spot"]


def test_other_topics_are_passed_over(tmp_path: Path) -> None:
    lines = [*GOOD, other(SNAPSHOT, topic="kline.5.X"), other(SNAPSHOT, topic="orderbook.1.X")]
    late = [{**line, "t": START + 2_000_000} for line in lines[3:]]
    source = open_recording([write(tmp_path / "market.jsonl", [*GOOD, *late])])
    assert (len(list(source.frames())), source.errors) == (2, [])


BAD_LEVELS = [("0", "1"), ("-1", "1"), ("1", "-1"), ("NaN", "1"), ("Infinity", "1"), ("x", "1")]
BAD: list[tuple[Any, str]] = [
    ("{", "not valid"),
    ("", "not valid"),
    (b"\xff\xfe", "not valid"),
    ('{"t":"1"}', "not valid"),
    ("[" * 2000, "not valid"),
    ({"t": START}, "neither an instrument nor a frame"),
    ({"t": START - 1, "f": SNAPSHOT["f"]}, "t is earlier"),
    ({"t": 1 << 62, "f": SNAPSHOT["f"]}, "no time"),
    (instrument({"symbol": "X"}), "priceFilter"),
    (other(SNAPSHOT, topic="orderbook.50.ETHUSDT"), "a frame of ETHUSDT before its instrument"),
    (other(SNAPSHOT, type="news"), "no such type of book frame: news"),
    (other(SNAPSHOT, data=SNAPSHOT["f"]["data"] | {"s": "ETHUSDT"}), "data of ETHUSDT"),
    (other(SNAPSHOT, data=[]), "not valid"),
    (trade(0, "Buy", "0", "100.0"), "no such trade"),
    (trade(0, "Sell", "1", "NaN"), "not a number|sNaN|NaN|InvalidOperation"),
    (trade(0, "Long", "1", "100.0"), "not valid"),
    (ticker(0, lastPrice="NaN"), "lastPrice is not a price: NaN"),
    *((book(0, [level], []), "") for level in BAD_LEVELS),
]


@pytest.mark.parametrize(("line", "what"), BAD)
def test_a_bad_line_is_reported_counted_and_skipped(tmp_path: Path, line: Any, what: str) -> None:
    path = write(tmp_path / "market.jsonl", [*GOOD[:2], line, GOOD[2]])
    source = open_recording([path])
    assert len(list(source.frames())) == 2
    (fault,) = source.errors
    assert (fault.file, fault.line, source.error_count) == (str(path), 3, 1)
    assert any(part in fault.what for part in what.split("|"))


def test_a_delta_before_its_snapshot_is_a_bad_line(tmp_path: Path) -> None:
    lines = [GOOD[0], book(0, [("1.0", "1")], [], u=2), *GOOD[1:]]
    source = open_recording([write(tmp_path / "market.jsonl", lines)])
    assert [fault.what for fault in source.errors] == [
        "a book delta of BTCUSDT before its snapshot"
    ]


def test_many_bad_lines_are_counted_but_not_all_described(tmp_path: Path) -> None:
    source = open_recording([write(tmp_path / "market.jsonl", [*GOOD, *["x"] * 150])])
    assert (len(source.errors), source.error_count) == (MAX_FAULTS, 150)


@pytest.mark.parametrize("content", [b"", b"hello\nworld\n", gzip.compress(b"{}\n", mtime=0)])
def test_a_file_with_nothing_valid_in_it_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "market.gz"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"market\.gz: not a recorded market"):
        open_recording([path])


def test_a_missing_file_or_a_directory_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none\.gz: cannot be read: No such file"):
        open_recording([tmp_path / "none.gz"])
    with pytest.raises(RecordingError, match="cannot be read: Is a directory"):
        open_recording([str(tmp_path)])
    with pytest.raises(RecordingError, match="at least one file"):
        open_recording([])


def test_an_unfinished_last_line_costs_only_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "market.jsonl", [*GOOD, GOOD[2]])
    path.write_bytes(path.read_bytes()[:-20])
    source = open_recording([path])
    assert (len(list(source.frames())), [fault.line for fault in source.errors]) == (2, [4])


def test_a_truncated_gzip_costs_only_its_last_line(tmp_path: Path) -> None:
    path = write(
        tmp_path / "market.gz", [*GOOD, *(trade(at, "Buy", "1", f"{at}.1") for at in range(2, 900))]
    )
    whole = list(open_recording([path]).frames())
    path.write_bytes(path.read_bytes()[:-200])
    source = open_recording([path])
    frames = list(source.frames())
    assert frames == whole[: len(frames)]
    assert 2 < len(frames) < len(whole)
    (fault,) = source.errors
    assert fault.line == len(frames) + 2
    assert "ends in the middle" in fault.what
    assert source.last_ts == frames[-1].t_ns


def test_damaged_compression_ends_the_file_there(tmp_path: Path) -> None:
    path = write(tmp_path / "market.gz", [*GOOD])
    path.write_bytes(path.read_bytes() + b"tail of something else")
    source = open_recording([path])
    assert len(list(source.frames())) == 2
    assert "damaged compression" in source.errors[0].what


@pytest.mark.skipif(not SHARED.exists(), reason="the shared recordings are not here")
@pytest.mark.parametrize(
    ("name", "trades", "deltas"),
    [
        ("btcusdt-perp-2024-08-09.jsonl.gz", 21_308, 6_351),
        ("ethusdt-perp-2024-08-09.jsonl.gz", 14_075, 6_438),
    ],
)
def test_the_shared_recordings_have_their_known_facts(name: str, trades: int, deltas: int) -> None:
    source = open_recording([SHARED / name])
    assert source.errors == []
    count: Counter[str] = Counter()
    market = Book()
    for frame in source.frames():
        if isinstance(frame.decoded, TradeFrame):
            count["trades"] += len(frame.decoded.data)
        if isinstance(frame.decoded, BookFrame):
            count[frame.decoded.type] += 1
            market.apply(frame.decoded)
            ((bid, _),), ((ask, _),) = market.bids.levels(1), market.asks.levels(1)
            assert bid < ask
    assert count == {"trades": trades, "snapshot": 1, "delta": deltas}

"""A recording in the making: one line a frame, whole at every flush."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from engine.clock import NS, SimClock
from engine.recorder import GZIP, RecordFeed, RecordingWriter

T0 = 1_700_000_000 * NS
FRAME = b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[]}'


def lines(path: Path) -> list[bytes]:
    return zlib.decompressobj(wbits=GZIP).decompress(path.read_bytes()).splitlines()


def test_every_frame_is_a_line_with_the_time_it_was_heard(tmp_path: Path) -> None:
    clock, path = SimClock(T0), tmp_path / "m.jsonl.gz"
    with RecordingWriter(path, clock) as writer:
        writer.instrument(b'{"symbol":"BTCUSDT"}')
        clock.move_to(T0 + 5)
        writer.frame(FRAME.replace(b",", b",\n"))
    assert writer.frames == 1
    assert lines(path) == [
        b'{"t":1700000000000000000,"i":{"symbol":"BTCUSDT"}}',
        b'{"t":1700000000000000005,"f":%s}' % FRAME.replace(b",", b", "),
    ]


def test_what_was_heard_a_second_ago_is_on_disk_already(tmp_path: Path) -> None:
    clock, path = SimClock(T0), tmp_path / "m.jsonl.gz"
    with RecordingWriter(path, clock) as writer:
        writer.frame(FRAME)
        clock.move_to(T0 + NS)
        writer.frame(FRAME)
        assert len(lines(path)) == 2


def test_a_file_that_is_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl.gz"
    path.touch()
    with pytest.raises(FileExistsError):
        RecordingWriter(path, SimClock(T0))


def test_frames_are_kept_and_answers_handed_on() -> None:
    kept: list[bytes] = []
    feed = RecordFeed(["BTCUSDT"], kept.append)
    assert feed.receive(FRAME) is None
    answer = feed.receive(b'{"op":"subscribe","success":true,"ret_msg":""}')
    assert answer is not None
    assert (answer.op, answer.success) == ("subscribe", True)
    assert feed.receive(b"\xff") is None
    assert (kept, feed.unreadable) == ([FRAME], 1)
    assert feed.subscriptions() == [
        b'{"op":"subscribe","args":["orderbook.50.BTCUSDT","publicTrade.BTCUSDT","tickers.BTCUSDT"]}'
    ]

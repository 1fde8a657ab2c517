"""The console on a recorded market: its bar, its pause, its end; and recordings that are broken."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tests.e2e.console import Console, console, open_console, recovered

BTC = "btcusdt-perp-2024-08-09.jsonl.gz"
BAR = re.compile(r"(PLAYING|PAUSED|FINISHED) .* (\d+)% +(\d+):(\d\d) / 5:44")


def elapsed_s(desk: Console, word: str) -> int:
    """Wait for the bar to say `word`; the market seconds behind it."""
    screen = desk.wait_for(lambda text: word in text and BAR.search(text))
    found = BAR.search(screen)
    assert found is not None
    return int(found[3]) * 60 + int(found[4])


def test_a_recorded_market_plays_and_a_pause_stops_nothing_but_its_frames(
    tmp_path: Path, shared_dir: Path
) -> None:
    options = ("--replay", shared_dir / "data" / BTC, "--speed", "10")
    with console(tmp_path, *options, size=(80, 24)) as desk:
        assert "REPLAY" in desk.lines[0]
        elapsed_s(desk, "PLAYING")
        desk.press("3")
        desk.wait_for("3 Ladder ── BTCUSDT")
        desk.wait_for(lambda text: re.search(r"61,[6-9]\d\d\.\d◂", text))
        desk.press("1", "P")
        paused_at = elapsed_s(desk, "PAUSED")

        # An order is taken in and answered while the market stands still.
        desk.order("b", qty="0.010", price="55000")
        desk.wait_for("○ ACKED")
        assert elapsed_s(desk, "PAUSED") <= paused_at + 1
        desk.act("c", "Cancel BUY 0.010 BTCUSDT @ 55,000")
        desk.press("y", after_s=0.2)
        desk.wait_for("✕ CANCELED")
        assert elapsed_s(desk, "PAUSED") <= paused_at + 1

        desk.press("P")
        desk.wait_for(lambda _: elapsed_s(desk, "PLAYING") > paused_at + 2)
        assert desk.quit() == 0

    # The engine's clock is the market's: everything happened on the day of the recording.
    (order,) = recovered(tmp_path).orders.orders.values()
    assert 1_723_161_254 < order.created_ts / 1e9 < 1_723_161_255 + 345


def test_at_full_speed_the_end_is_reached_and_said(tmp_path: Path, shared_dir: Path) -> None:
    lines = gzip.decompress((shared_dir / "data" / BTC).read_bytes()).splitlines(keepends=True)
    short = tmp_path / "short.jsonl.gz"
    short.write_bytes(gzip.compress(b"".join(lines[:1500])))
    with console(tmp_path, "--replay", short, "--speed", "max", size=(80, 24)) as desk:
        desk.wait_for("FINISHED")
        desk.wait_for("100%")
        assert desk.quit() == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not gzip at all", "not a recorded market"),
        (gzip.compress(b"no json\n{}\n"), "not a recorded market: no valid frame in it"),
        (None, "does not exist"),
    ],
    ids=["no gzip", "no frames", "no file"],
)
def test_a_recording_that_cannot_be_read_is_one_clear_line(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    broken = tmp_path / "broken.jsonl.gz"
    if content is not None:
        broken.write_bytes(content)
    state = tmp_path / "state"
    with open_console(state, "--replay", broken) as desk:
        assert desk.wait() in (1, 2)
        words = desk.last_words()
        assert words.startswith("tradedeck: ")
        assert words.count("\n") == 1
        assert f"broken.jsonl.gz: {said}" in words
        assert desk.is_restored()
    assert list(state.glob("*/journal.db")) == []

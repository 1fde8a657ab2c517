"""`tradedeck record`: what it refuses, and that its file plays."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.cli import main
from engine.exchange.sources.frames import BookFrame, TickerFrame
from engine.exchange.sources.recorded import open_recording
from tests.support.served import served


def test_a_recording_of_a_served_market_can_be_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "market.jsonl.gz"
    with served() as exchange:
        arguments = ["--symbols", "BTCUSDT,ETHUSDT", "--url", exchange.url, "--duration", "1"]
        assert main(["record", "--out", str(out), *arguments]) == 0
    recording = open_recording([out])
    assert (recording.errors, recording.error_count) == ([], 0)
    assert [row["symbol"] for _, row in recording.instruments] == ["BTCUSDT", "ETHUSDT"]
    frames = list(recording.frames())
    heard = {(type(frame.decoded), frame.symbol) for frame in frames}
    assert heard >= {
        (kind, symbol) for kind in (BookFrame, TickerFrame) for symbol in ("BTCUSDT", "ETHUSDT")
    }
    said = capsys.readouterr()
    assert said.err == "recording; Ctrl+C ends it\n"
    assert said.out == (
        f"{len(frames):,} frames in {out}; play them with: tradedeck --replay {out}\n"
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--symbols", "BTCUSDT", "--out", "m.json"], "--out m.json: must end with .jsonl.gz"),
        (["--symbols", "btcusdt", "--out", "m.jsonl.gz"], "'btcusdt' is no perpetual's symbol"),
        (["--symbols", "BTC/USDT", "--out", "m.jsonl.gz"], "'BTC/USDT' is no perpetual's symbol"),
        (["--symbols", "A1,A1", "--out", "m.jsonl.gz"], "a symbol is given twice"),
        (
            ["--symbols", "BTCUSDT", "--out", "m.jsonl.gz", "--url", "http://192.0.2.1:80"],
            "it must be an address of this machine",
        ),
    ],
)
def test_what_cannot_be_recorded_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    assert main(["record", *arguments]) == 2
    assert problem in capsys.readouterr().err


def test_a_file_that_is_there_is_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "market.jsonl.gz"
    out.write_bytes(b"mine")
    assert main(["record", "--symbols", "BTCUSDT", "--out", str(out)]) == 2
    assert "is there already; choose another name" in capsys.readouterr().err
    assert out.read_bytes() == b"mine"


def test_a_market_that_is_not_listed_or_not_reached_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "market.jsonl.gz"
    with served() as exchange:
        arguments = ["--symbols", "BTCUSD", "--url", exchange.url]
        assert main(["record", "--out", str(out), *arguments]) == 2
    assert 'BTCUSD is no linear market; did you mean "BTCUSDT"?' in capsys.readouterr().err
    assert not out.exists()
    unreached = ["--symbols", "BTCUSDT", "--url", "http://127.0.0.1:9"]
    assert main(["record", "--out", str(out), *unreached]) == 1
    assert "no connection: Connection refused" in capsys.readouterr().err
    assert not out.exists()

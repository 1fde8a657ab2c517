from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.core.types import KillLevel, TradingState
from engine.kill.latch import Latch, LatchRecord

TS = 1_723_161_600_000_000_000


@pytest.fixture
def latch(tmp_path: Path) -> Latch:
    """A latch that is set."""
    latch = Latch(tmp_path / "paper.latch")
    latch.set(KillLevel.KILL, "operator", "drill – over there", TS)
    return latch


def test_an_account_without_a_latch_file_is_not_stopped(tmp_path: Path) -> None:
    assert Latch(tmp_path / "paper.latch").read() is None
    assert Latch(tmp_path / "absent" / "paper.latch").read() is None


def test_a_latch_holds_over_a_restart(latch: Latch) -> None:
    record = Latch(latch.path).read()
    assert record == LatchRecord(KillLevel.KILL, "operator", "drill – over there", TS)
    assert record.state is TradingState.HALTED


def test_the_file_is_private_json(latch: Latch) -> None:
    assert latch.path.stat().st_mode & 0o777 == 0o600
    assert latch.path.read_text(encoding="utf-8") == (
        '{"level":"kill","by":"operator","reason":"drill – over there","ts":1723161600000000000}\n'
    )


def test_a_latch_is_replaced_and_cleared(latch: Latch) -> None:
    latch.set(KillLevel.PAUSE, "risk", "daily loss", TS + 1)
    record = latch.read()
    assert record == LatchRecord(KillLevel.PAUSE, "risk", "daily loss", TS + 1)
    assert record.state is TradingState.REDUCING
    latch.clear()
    assert latch.read() is None
    latch.clear()
    assert not list(latch.path.parent.iterdir())


def assert_halted(latch: Latch, why: str) -> None:
    record = latch.read()
    assert record is not None
    assert record.state is TradingState.HALTED
    assert (record.level, record.by, record.ts) == (KillLevel.HALT, "latch", 0)
    assert record.reason.startswith(f"latch unreadable: {latch.path}: ")
    assert why in record.reason


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 200,
        b"{",
        b"[]",
        b'{"level":"off","by":"x","reason":"","ts":0}',
        b" " * 70_000,
    ],
)
def test_a_file_that_makes_no_sense_is_halted(latch: Latch, content: bytes) -> None:
    latch.path.write_bytes(content)
    assert_halted(latch, "")


def test_whatever_byte_is_flipped_the_account_stays_halted(latch: Latch) -> None:
    whole = latch.path.read_bytes()
    for position in range(len(whole)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << bit
            latch.path.write_bytes(damaged)
            record = latch.read()
            assert record is not None
            assert record.state is TradingState.HALTED


def test_a_file_cut_anywhere_is_halted(latch: Latch) -> None:
    whole = latch.path.read_bytes()
    for size in range(len(whole) - 1):
        latch.path.write_bytes(whole[:size])
        assert_halted(latch, "")


def test_a_file_of_somebody_else_is_halted(latch: Latch, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert_halted(latch, f"owned by user {owner}, not by {owner + 1}")


def test_a_file_that_others_may_write_is_halted(latch: Latch) -> None:
    latch.path.chmod(0o666)
    assert_halted(latch, "mode 666: others may write it")


def test_what_is_not_a_file_is_halted(tmp_path: Path) -> None:
    directory = Latch(tmp_path / "directory")
    directory.path.mkdir()
    assert_halted(directory, "not a regular file")
    link = Latch(tmp_path / "link")
    link.path.symlink_to(tmp_path / "elsewhere")
    assert_halted(link, "symbolic link")
    pipe = Latch(tmp_path / "pipe")
    os.mkfifo(pipe.path)
    assert_halted(pipe, "not a regular file")


def test_a_latch_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Latch(tmp_path / "absent" / "latch").set(KillLevel.KILL, "operator", "", TS)

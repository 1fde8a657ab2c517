from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from engine.clock import NS, SimClock, run_simulated
from engine.core.types import KillLevel
from engine.kill.halt import Halt
from engine.kill.latch import Latch, LatchRecord
from engine.router import HaltGate

T0 = 1_700_000_000 * NS


class Switch:
    """A halt on a latch file, and what it complained of."""

    def __init__(self, path: Path, *, threaded: bool = False, latch: Latch | None = None) -> None:
        self.clock = SimClock(T0)
        self.gate = HaltGate(self.clock)
        self.latch = latch or Latch(path)
        self.failures: list[Exception] = []
        self.halt = Halt(self.gate, self.latch, self.clock, self.failures.append, threaded=threaded)

    def run(self, work: Coroutine[None, None, None]) -> None:
        async def main() -> None:
            await work
            await self.halt.finish()

        run_simulated(self.clock, main())


def test_closing_shuts_the_gate_and_writes_nothing(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "latch")
    switch.halt.close("F12")
    assert (switch.gate.closed, switch.gate.closed_by) == (True, "F12")
    assert not switch.latch.path.exists()


@pytest.mark.parametrize("threaded", [False, True])
def test_engaging_shuts_the_gate_at_once_and_the_latch_follows(
    tmp_path: Path, threaded: bool
) -> None:
    switch = Switch(tmp_path / "latch", threaded=threaded)

    async def work() -> None:
        switch.halt.engage("ann", "drill")
        assert switch.gate.closed
        assert not switch.latch.path.exists()
        await switch.halt.written()
        assert switch.latch.read() == LatchRecord(KillLevel.HALT, "ann", "drill", T0)
        switch.halt.engage("bob", "again")
        switch.halt.engage("cid", "and again")

    switch.run(work())
    record = switch.latch.read()
    assert record is not None
    assert (record.by, record.reason) == ("cid", "and again")


@pytest.mark.parametrize("threaded", [False, True])
def test_a_release_waits_for_the_latch_that_is_being_written_and_removes_it(
    tmp_path: Path, threaded: bool
) -> None:
    switch = Switch(tmp_path / "latch", threaded=threaded)

    async def work() -> None:
        switch.halt.engage("ann", "drill")
        await switch.halt.release(switch.halt.seen())

    switch.run(work())
    assert (switch.gate.closed, switch.latch.read()) == (False, None)


def test_a_release_decided_before_the_switch_was_used_again_changes_nothing(
    tmp_path: Path,
) -> None:
    switch = Switch(tmp_path / "latch")

    async def work() -> None:
        switch.halt.engage("ann", "drill")
        seen = switch.halt.seen()
        switch.halt.close("F12")
        await switch.halt.release(seen)

    switch.run(work())
    assert switch.gate.closed
    assert switch.latch.read() is not None


class Interrupted(Latch):
    """A latch in whose removal something happens."""

    def __init__(self, path: Path, meanwhile: Callable[[], None]) -> None:
        super().__init__(path)
        self._meanwhile = meanwhile

    def clear(self) -> None:
        super().clear()
        self._meanwhile()


def test_the_switch_used_while_a_release_removes_the_latch_keeps_the_gate_shut(
    tmp_path: Path,
) -> None:
    latch = Interrupted(tmp_path / "latch", lambda: switch.halt.close("F12"))
    switch = Switch(tmp_path, latch=latch)

    async def work() -> None:
        switch.halt.engage("ann", "drill")
        await switch.halt.release(switch.halt.seen())

    switch.run(work())
    assert switch.gate.closed


def test_the_switch_used_in_the_very_moment_the_gate_opens_shuts_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = Switch(tmp_path / "latch")
    open_gate = switch.gate.open

    def opened() -> None:
        open_gate()
        switch.halt.close("F12")  # another thread, a moment before the gate opened
        open_gate()

    monkeypatch.setattr(switch.gate, "open", opened)

    async def work() -> None:
        switch.halt.engage("ann", "drill")
        await switch.halt.release(switch.halt.seen())

    switch.run(work())
    assert switch.gate.closed


def test_a_latch_that_cannot_be_written_is_told_and_the_gate_stays_shut(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "no such folder" / "latch")

    async def work() -> None:
        switch.halt.engage("ann", "drill")

    switch.run(work())
    assert switch.gate.closed
    assert [type(error) for error in switch.failures] == [FileNotFoundError]


def test_a_latch_that_cannot_be_removed_keeps_the_gate_shut(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "latch")
    switch.latch.path.mkdir()
    (switch.latch.path / "something").touch()

    async def work() -> None:
        switch.halt.close("ann")
        await switch.halt.release(switch.halt.seen())

    switch.run(work())
    assert switch.gate.closed
    assert len(switch.failures) == 1


def test_a_disk_that_does_not_answer_holds_nothing_up(tmp_path: Path) -> None:
    stalled, released = threading.Event(), threading.Event()

    class Stalled(Latch):
        def set(self, level: KillLevel, by: str, reason: str, ts: int) -> None:
            stalled.set()
            released.wait(20)

    async def work() -> None:
        switch.halt.engage("ann", "drill")
        await asyncio.to_thread(stalled.wait, 20)
        assert switch.gate.closed
        released.set()

    switch = Switch(tmp_path, threaded=True, latch=Stalled(tmp_path / "latch"))
    switch.run(work())
    assert switch.failures == []

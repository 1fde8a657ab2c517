from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.runtime import (
    COLLECT_AFTER,
    SWITCH_INTERVAL_S,
    loop_factory,
    own_program,
    prepare_to_trade,
)


@pytest.fixture
def interpreter() -> Iterator[None]:
    """Puts back what a test changes for the whole process."""
    interval_s, thresholds = sys.getswitchinterval(), gc.get_threshold()
    yield
    sys.setswitchinterval(interval_s)
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_the_loop_is_uvloops_where_it_is_installed() -> None:
    uvloop = pytest.importorskip("uvloop")
    assert loop_factory() is uvloop.new_event_loop


def test_the_loop_is_asyncios_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop_factory() is asyncio.new_event_loop


def test_what_is_there_is_not_collected_and_threads_take_turns(
    interpreter: None,
) -> None:
    before = gc.get_freeze_count()
    kept = [[number] for number in range(1_000)]
    prepare_to_trade()
    assert gc.get_freeze_count() >= before + len(kept)
    assert gc.get_threshold() == COLLECT_AFTER
    assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)


def test_a_program_of_ours_runs_whatever_lies_in_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine/__init__.py").write_text("raise SystemExit('not this one')")
    command, env = own_program("engine.core.types")
    assert subprocess.run(command, env=env, cwd=tmp_path, check=False).returncode == 0

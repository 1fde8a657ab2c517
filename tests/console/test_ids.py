"""Ids are short, clean and never made twice."""

from __future__ import annotations

import re

from console.ids import Ids, create_ids
from tests.console.fakes import NOW


def test_orders_and_commands_count_up_within_a_run() -> None:
    ids = Ids("run")
    assert [ids.order(), ids.command(), ids.order()] == ["td-run-1", "cmd-run-2", "td-run-3"]


def test_an_id_fits_every_venue() -> None:
    ids = create_ids(NOW, 4_194_304)
    assert re.fullmatch(r"td-[A-Za-z0-9_-]{1,33}", ids.order())


def test_runs_are_told_apart_by_when_and_in_which_process_they_began() -> None:
    runs = {create_ids(now, pid).order() for now in (NOW, NOW + 1_000_000) for pid in (1, 2)}
    assert len(runs) == 4

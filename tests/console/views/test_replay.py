"""Where a recording stands, in words and as a fraction."""

from __future__ import annotations

import pytest

from console.glyphs import UNICODE
from console.replica import Replica
from console.views.replay import ReplayView, view
from engine.core.status import LinkUpdate, ReplayStatus
from tests.console.fakes import NOW, NS, status


def _view(**changes: object) -> ReplayView:
    values = {"first_ts": NOW - 100 * NS, "last_ts": NOW + 200 * NS, "now_ts": NOW, "speed": "4"}
    replica = Replica()
    replay = ReplayStatus(**(values | changes))  # type: ignore[arg-type]
    replica.apply(LinkUpdate(status=status(replay=replay)), NOW)
    made = view(replica, UNICODE)
    assert made is not None
    return made


def _text(made: ReplayView) -> str:
    return "".join(cell.text for cell in (*made.before, *made.after))


def test_a_third_of_the_way() -> None:
    made = _view()
    assert made.fraction == pytest.approx(1 / 3)
    assert _text(made) == " ▶ PLAYING 4x 14:03:22   33% 1:40 / 5:00 "


def test_paused_and_finished_say_so() -> None:
    assert _text(_view(paused=True)).startswith(" ‖ PAUSED ")
    assert _text(_view(paused=True, finished=True)).startswith(" ✓ FINISHED ")


def test_lines_that_could_not_be_read_are_counted_and_the_first_is_named() -> None:
    made = _view(faults=1, fault="btc.jsonl.gz:17: the file ends in the middle")
    assert _text(made).endswith(
        "1:40 / 5:00 ! 1 bad line btc.jsonl.gz:17: the file ends in the middle "
    )
    assert made.after[-1].style == "warn"
    assert "! 1,200 bad lines x:1" in _text(_view(faults=1200, fault="x:1"))


def test_as_fast_as_it_goes_is_a_word() -> None:
    assert " max " in _text(_view(speed="max"))


def test_the_fraction_stays_between_nothing_and_all() -> None:
    assert _view(now_ts=NOW - 900 * NS).fraction == 0.0
    assert _view(now_ts=NOW + 900 * NS).fraction == 1.0
    assert _view(first_ts=NOW, last_ts=NOW).fraction == 0.0


def test_a_live_market_has_no_progress() -> None:
    replica = Replica()
    assert view(replica, UNICODE) is None
    replica.apply(LinkUpdate(status=status()), NOW)
    assert view(replica, UNICODE) is None

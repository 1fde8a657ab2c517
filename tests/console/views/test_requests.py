"""Requests: what took how long, what went wrong, and how the loops feel."""

from __future__ import annotations

from console.glyphs import UNICODE
from console.replica import Replica
from console.ui_state import UiState
from console.views.cells import Cell, Line
from console.views.requests import health, row, view
from engine.core.status import BreakerStatus, InputStatus, LinkUpdate, RequestStats
from engine.core.types import NS
from tests.console.fakes import NOW, status


def _text(line: Line) -> str:
    return "".join(cell.text for cell in line).rstrip()


def test_figures_are_milliseconds_and_counts() -> None:
    stats = RequestStats(
        kind="place", count=1812, p50_s=0.0041, p99_s=0.0193, max_s=0.088, retries=3, timeouts=1
    )
    assert [cell.text for cell in row(stats, UNICODE)] == [
        "place", "1,812", "4.1", "19.3", "88.0", "3", "0", "1",
    ]  # fmt: skip


def test_trouble_stands_out_and_zero_does_not() -> None:
    stats = RequestStats(kind="place", count=1, retries=3)
    assert row(stats, UNICODE)[5:7] == (Cell("3", "warn"), Cell("0", "muted"))


def test_what_was_never_asked_has_no_latency() -> None:
    cells = row(RequestStats(kind="amend"), UNICODE)
    assert [cell.text for cell in cells[2:5]] == ["–", "–", "–"]


def test_health_is_two_lines() -> None:
    lines = health(
        status(stream_gap_s=0.21, loop_lag_s=0.0014, journal_lag_s=0.0005),
        UiState(loop_lag_ms=7, frame_ms=6),
    )
    assert [_text(line) for line in lines] == [
        "ws gap 210  loop 1.4  journal 0.5",
        "ui loop 7  frame 6  breaker closed",
    ]


def test_slow_loops_and_an_open_breaker_are_marked() -> None:
    lines = health(status(loop_lag_s=0.2, breakers=BREAKERS), UiState(loop_lag_ms=600))
    marked = [cell for line in lines for cell in line if cell.style in ("warn", "bad")]
    assert marked == [Cell("200", "warn"), Cell("600", "warn"), Cell("place query open", "bad")]


BREAKERS = (
    BreakerStatus(
        name="place", state="open", since_ts=NOW - 65 * NS, probe_ts=NOW + 3 * NS, reason="HTTP 502"
    ),
    BreakerStatus(name="cancel"),
    BreakerStatus(name="query", state="half-open", since_ts=NOW - 7 * NS, reason="TimeoutError"),
)


def test_each_class_of_requests_has_a_line_and_those_in_trouble_are_apart() -> None:
    replica = Replica()
    replica.apply(LinkUpdate(status=status(breakers=BREAKERS)), NOW)
    made = view(replica, UiState(), stale=False)
    assert [_text(line) for line in made.breakers] == [
        "place  ✗ open 1m05 next probe in 3 s: HTTP 502",
        "cancel ✓ closed",
        "query  ✗ half-open 7s the next probe is under way: TimeoutError",
    ]
    assert made.open_breakers == (made.breakers[0], made.breakers[2])


def test_input_that_could_not_be_read_is_counted_and_the_newest_said() -> None:
    found = InputStatus(count=1_200, kinds={"order_row": 1_200}, last="order_row: no price")
    assert health(status(input=found), UiState())[2:] == (
        (Cell("! 1,200 unreadable, last order_row: no price", "warn"),),
    )


def test_before_the_first_status_it_says_what_it_waits_for() -> None:
    made = view(Replica(), UiState(), stale=False)
    assert [_text(line) for line in made.head] == ["waiting for the engine"]
    assert made.rows == ()


def test_a_row_for_each_kind() -> None:
    replica = Replica()
    replica.apply(LinkUpdate(status=status()), NOW)
    assert view(replica, UiState(), stale=True).keys == ("place", "cancel", "amend")

"""Reconciliation says when the venue last agreed, and exactly where it does not."""

from __future__ import annotations

from decimal import Decimal as D

from msgspec.structs import replace

from console.glyphs import ASCII, UNICODE
from console.replica import Replica
from console.views.cells import Cell, Line
from console.views.recon import summary, view
from engine.core.events import Drift
from engine.core.reports import Scope
from engine.core.status import EngineStatus, ReconcileRun, ReconcileStatus, VenueJoin
from engine.core.types import DriftKind, JoinState
from tests.console.fakes import NOW, NS, busy_link, status


def _replica(told: EngineStatus) -> Replica:
    link, replica = busy_link(), Replica()
    link.tell(told)
    replica.apply(link.poll(), NOW)
    return replica


def _text(line: Line) -> str:
    return "".join(cell.text for cell in line)


FINE = ReconcileStatus(last_ok_ts=NOW - 4 * NS, orders_ok=True, positions_ok=True, fills_ok=True)


def test_agreement_has_a_time_an_age_and_three_ticks() -> None:
    assert [_text(line) for line in summary(FINE, NOW, UNICODE)] == [
        "last ok 14:03:18 (4s)",
        "orders ✓  pos ✓  fills ✓",
    ]
    assert _text(summary(FINE, NOW, ASCII)[1]) == "orders ok  pos ok  fills ok"


def test_what_could_not_be_compared_since_has_a_question_mark() -> None:
    gone = replace(FINE, error="no connection")
    overdue = replace(FINE, last_ok_ts=NOW - 34 * NS)
    for told, when in ((gone, "14:03:18 (4s)"), (overdue, "14:02:48 (34s)")):
        lines = summary(told, NOW, UNICODE)
        assert [_text(line) for line in lines] == [f"last ok {when}", "orders ?  pos ?  fills ?"]
        assert (lines[0][1].style, lines[1][1].style) == ("warn", "stale")
    part = replace(FINE, failed=(Scope.POSITIONS,))
    assert _text(summary(part, NOW, UNICODE)[1]) == "orders ✓  pos ?  fills ✓"


def test_why_the_venue_was_not_reached_is_said() -> None:
    join = VenueJoin(state=JoinState.UNREACHABLE, retry_ts=NOW + 12 * NS, error="refused")
    made = view(_replica(status(join=join)), UNICODE, stale=False)
    assert [_text(line) for line in made.foot] == ["! venue unreachable: refused; next try in 12 s"]


def test_what_never_agreed_says_never() -> None:
    lines = summary(ReconcileStatus(running=True), NOW, UNICODE)
    assert [_text(line) for line in lines] == [
        "last ok never  comparing…",
        "orders ✗  pos ✗  fills ✗",
    ]
    assert lines[0][1] == Cell("never", "warn")


def test_a_difference_shows_both_figures_and_venue_minus_ours() -> None:
    drift = Drift(symbol="BTCUSDT", ours=D("0.7"), venue=D("0.5"), since_ts=NOW - 65 * NS)
    made = view(_replica(status(reconcile=ReconcileStatus(drift=(drift,)))), UNICODE, stale=False)
    assert made.title == "drift 1"
    assert made.keys == ("BTCUSDT",)
    assert [cell.text for cell in made.rows[0]] == [
        "BTCUSDT", "+0.700", "+0.500", "!-0.200", "–", "–", "unexplained", "1m05",
    ]  # fmt: skip


def test_averages_and_what_they_do_to_the_pnl_are_compared() -> None:
    drift = Drift(
        symbol="BTCUSDT", ours=D("0.9"), venue=D("0.8"), since_ts=NOW,
        ours_avg=D("60922"), venue_avg=D("60900"), kind=DriftKind.UNEXPLAINED,
    )  # fmt: skip
    made = view(_replica(status(reconcile=ReconcileStatus(drift=(drift,)))), UNICODE, stale=False)
    # Ours: 0.7 at 60,900 and 0.2 at 60,999, at a mark of 61,000: 70.2. Theirs: 0.8 x 100 = 80.
    assert [cell.text for cell in made.rows[0]][4:6] == ["-22.0", "▲+9.80"]
    assert _text(made.details[0]) == "ours +0.900 avg -22.0 P&L ▲+9.80"


def test_each_class_has_a_word_and_averages_apart_say_so() -> None:
    def drift(symbol: str, kind: DriftKind, venue: str = "1", cause: str = "") -> Drift:
        return Drift(symbol=symbol, ours=D(0), venue=D(venue), since_ts=NOW, kind=kind, cause=cause)

    told = ReconcileStatus(
        drift=(drift("A", DriftKind.UNEXPLAINED),),
        noted=(
            drift("B", DriftKind.EXPLAINED, cause="ignored: known"),
            drift("C", DriftKind.UNEXPLAINED, "0"),
        ),
        pending=(drift("D", DriftKind.PENDING), drift("A", DriftKind.PENDING)),
    )
    made = view(_replica(status(reconcile=told)), UNICODE, stale=False)
    assert [(line[0].text, line[6].text, line[6].style) for line in made.rows] == [
        ("A", "unexplained", "bad"),
        ("B", "explained", "muted"),
        ("C", "price only", "warn"),
        ("D", "pending", "warn"),
    ]
    assert _text(made.details[1]).endswith("ignored: known")
    assert (made.title, made.to_settle) == ("drift 1", True)


def test_the_last_comparisons_are_listed_newest_first_with_how_long_they_took() -> None:
    told = ReconcileStatus(
        history=(
            ReconcileRun(ts=NOW - 9 * NS, duration_s=0.0124, scopes=tuple(Scope)),
            ReconcileRun(ts=NOW - 8 * NS, duration_s=1.5, scopes=(Scope.ORDERS,), error="timeout"),
            ReconcileRun(
                ts=NOW, duration_s=0.03, scopes=(Scope.POSITIONS, Scope.WALLET), differences=2
            ),
        )
    )
    made = view(_replica(status(reconcile=told)), UNICODE, stale=False)
    assert [_text(line) for line in made.runs] == [
        "14:03:22   30.0 ms ✓ pos wallet  2 differ",
        "14:03:14  1,500 ms ✗ orders  timeout",
        "14:03:13   12.4 ms ✓ all",
    ]


def test_what_was_given_up_is_said_below() -> None:
    told = ReconcileStatus(alarms=("c-006: no answer to 30 questions",))
    made = view(_replica(status(reconcile=told)), UNICODE, stale=False)
    assert [_text(line) for line in made.foot] == ["! c-006: no answer to 30 questions"]


def test_a_symbol_without_an_instrument_is_still_shown() -> None:
    drift = Drift(symbol="XUSDT", ours=D(0), venue=D("5"), since_ts=NOW)
    made = view(_replica(status(reconcile=ReconcileStatus(drift=(drift,)))), UNICODE, stale=False)
    assert [cell.text for cell in made.rows[0]][:4] == ["XUSDT", "0", "+5", "!+5"]


def test_errors_and_external_orders_are_said_below() -> None:
    told = ReconcileStatus(error="timeout", external_orders=("web-1", "web-2"))
    made = view(_replica(status(reconcile=told)), UNICODE, stale=False)
    assert [_text(line) for line in made.foot] == [
        "! timeout",
        "! 2 external orders, left alone: web-1 web-2",
    ]


def test_without_differences_there_is_no_row_and_no_title() -> None:
    made = view(_replica(status(reconcile=FINE)), UNICODE, stale=True)
    assert (made.rows, made.title, made.foot, made.stale) == ((), "", (), True)


def test_before_the_first_status_it_says_what_it_waits_for() -> None:
    made = view(Replica(), UNICODE, stale=False)
    assert [_text(line) for line in made.head] == ["waiting for the engine"]

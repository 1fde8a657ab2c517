"""The banner keeps what matters most at any width, and says when something is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal as D

import pytest

from console.glyphs import ASCII
from console.replica import Replica
from console.ui_state import UiState
from console.views.banner import BannerView, is_blocked, kill_progress, lay_out, view
from console.views.cells import Line
from engine.core import events as ev
from engine.core.ledger.pnl import totals
from engine.core.status import (
    BreakerStatus,
    DcpStatus,
    EngineStatus,
    LinkUpdate,
    ReconcileStatus,
    VenueJoin,
)
from engine.core.trading import KillRecord
from engine.core.types import JoinState, KillLevel, TradingState
from tests.console.fakes import NOW, NS, busy_link, status


def _replica(*events: ev.Event, told: EngineStatus | None = None) -> Replica:
    link, replica = busy_link(), Replica()
    link.push(*events)
    if told is not None:
        link.tell(told)
    replica.apply(link.poll(), NOW)
    return replica


def _view(replica: Replica, ui: UiState | None = None, stale_s: float = 0.0) -> BannerView:
    sums = tuple(totals(replica.state.positions.positions.values()).values())
    return view(replica, sums, ui or UiState(), stale_s)


def _text(lines: Iterable[Line]) -> list[str]:
    return ["".join(cell.text for cell in line) for line in lines]


def _one_line(made: BannerView, width: int = 200) -> str:
    return _text(lay_out(made, width, 1))[0]


def test_a_healthy_paper_account() -> None:
    assert _one_line(_view(_replica())) == (
        " PAPER  │ acct paper │ SAFE (F8 arm) │ link ▲ 4ms │ drift 0 ✓ │ open 6 ?1 UNKNOWN"
        " │ uPnL ▲+94.20 │ rPnL 0.00 │ 14:03:22 UTC"
    )


def test_short_forms_come_before_anything_is_dropped() -> None:
    text = _one_line(_view(_replica()), 100)
    assert text.startswith(" PAPER │paper│SAFE│link▲4ms│drift 0✓│open 6")
    assert text.endswith("│14:03:22")


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (60, " PAPER │paper│SAFE│link▲4ms│drift 0✓│uPnL ▲+94.20"),
        (40, " PAPER │paper│SAFE│link▲4ms│drift 0✓"),
        (20, " PAPER │paper│SAFE"),
        (8, " PAPER "),
        (3, " PAPER "),
    ],
)
def test_the_least_important_goes_first(width: int, text: str) -> None:
    assert _one_line(_view(_replica()), width) == text


def test_two_lines_hold_more_than_one() -> None:
    lines = _text(lay_out(_view(_replica()), 80, 2))
    assert lines[0].startswith(" PAPER  │ acct paper │ SAFE (F8 arm)")
    assert lines[1].startswith(" ")
    assert lines[1].endswith("14:03:22 UTC")
    assert all(len(line) <= 80 for line in lines)


def test_lines_that_are_not_needed_are_empty() -> None:
    assert lay_out(_view(_replica()), 300, 2)[1] == ()


@pytest.mark.parametrize("mode", ["LIVE", "PAPER", "REPLAY"])
def test_the_mode_is_a_word_on_its_own_colour(mode: str) -> None:
    cell = _view(_replica(told=status(mode=mode))).items[0].long[0]
    assert (cell.text, cell.style) == (f" {mode} ", f"mode-{mode.lower()}")


def test_before_the_first_status_nothing_is_claimed() -> None:
    made = _view(Replica())
    assert _one_line(made) == " STARTING  │ SAFE (F8 arm) │ link – │ open 0 │ 00:00:00 UTC"


MARK = D(1)
HALT = ev.TradingStateChanged(ts=NOW, state=TradingState.HALTED, by="ops")


def test_halted_colours_the_whole_banner_and_survives_any_width() -> None:
    made = _view(_replica(HALT))
    assert made.bar == "halted"
    assert "HALTED" in _one_line(made)
    assert _one_line(made, 16) == " PAPER │HALTED"


def test_a_closed_gate_is_shown_before_the_event_arrives() -> None:
    replica = _replica(told=status(gate_open=False))
    assert is_blocked(replica)
    assert "HALTING…" in _one_line(_view(replica))


def test_an_open_breaker_is_said_with_its_classes_and_the_time_left() -> None:
    told = status(
        breakers=(
            BreakerStatus(name="place", state="open", since_ts=NOW, probe_ts=NOW + 5 * NS),
            BreakerStatus(name="cancel"),
        )
    )
    made = _view(_replica(told=told))
    assert "│ BREAKER place 0:05 │" in _one_line(made)
    assert _one_line(made, 120).startswith(" PAPER │paper│SAFE│BREAKER place 0:05│link▲4ms│")
    assert _one_line(made, 60) == " PAPER │paper│SAFE│BREAKER place 0:05│link▲4ms│drift 0✓"
    assert _one_line(made, 50) == " PAPER │paper│SAFE│BREAKER 0:05│link▲4ms│drift 0✓"
    assert _one_line(made, 40) == " PAPER │paper│SAFE│BREAKER 0:05│link▲4ms"


def test_f10_a_ban_is_said_with_the_time_left() -> None:
    told = status(
        breakers=tuple(
            BreakerStatus(name=name, state="open", since_ts=NOW, probe_ts=NOW + 581 * NS, held=True)
            for name in ("place", "query")
        )
    )
    assert "│ BANNED place query 9:41 │" in _one_line(_view(_replica(told=told)))


@pytest.mark.parametrize(
    ("join", "text", "short"),
    [
        (VenueJoin(state=JoinState.JOINING), "VENUE JOINING", "VENUE JOINING"),
        (
            VenueJoin(state=JoinState.UNREACHABLE, retry_ts=NOW + 12 * NS, error="no connection"),
            "VENUE UNREACHABLE, retry 0:12: no connection",
            "VENUE UNREACHABLE 0:12",
        ),
        (
            VenueJoin(state=JoinState.REFUSED, error="bad key"),
            "VENUE REFUSED: bad key",
            "VENUE REFUSED",
        ),
    ],
)
def test_a_venue_that_was_not_reached_colours_the_whole_banner_and_survives_any_width(
    join: VenueJoin, text: str, short: str
) -> None:
    made = _view(_replica(told=status(join=join)))
    assert made.bar == "halted"
    assert f"│ {text} │" in _one_line(made)
    assert _one_line(made, 34).startswith(f" PAPER │{short}")


def test_why_a_venue_was_not_reached_is_said_at_120_columns() -> None:
    error = "no connection: Temporary failure in name resolution"
    join = VenueJoin(state=JoinState.UNREACHABLE, retry_ts=NOW + 12 * NS, error=error)
    made = _view(_replica(told=status(join=join)))
    assert _one_line(made, 120).startswith(
        " PAPER │VENUE UNREACHABLE 0:12: no connection: Temporary failure in name re…│paper│SAFE│"
    )


def test_reducing_is_said_and_does_not_colour_everything() -> None:
    reducing = ev.TradingStateChanged(ts=NOW, state=TradingState.REDUCING, by="ops")
    made = _view(_replica(reducing))
    assert made.bar == ""
    assert "REDUCING only" in _one_line(made)


def test_a_sweep_shows_how_far_it_is() -> None:
    kill = ev.KillStarted(
        ts=NOW, kill_id="k", level=KillLevel.KILL, blocked_at=NOW, targets=("a", "b", "c")
    )
    assert "HALTED kill: cancels 3" in _one_line(_view(_replica(HALT, kill)))


def test_a_halt_stays_where_its_progress_does_not_fit() -> None:
    kill = ev.KillStarted(
        ts=NOW, kill_id="k", level=KillLevel.KILL, blocked_at=NOW, targets=("a", "b", "c")
    )
    assert _one_line(_view(_replica(HALT, kill)), 20) == " PAPER │HALTED│SAFE"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "kill: cancels 3"),
        ({"first_cancel_at": 1, "residual": ("a",)}, "kill: 1 of 3 left"),
        ({"done": True, "residual": ("a",)}, "kill: INCOMPLETE, 1 left"),
        ({"done": True, "verified_zero_at": NOW}, "kill: verified zero 14:03:22"),
    ],
)
def test_kill_progress_in_words(fields: dict[str, object], text: str) -> None:
    record = KillRecord(
        kill_id="k", level=KillLevel.KILL, blocked_at=NOW, by="ops", targets=("a", "b", "c")
    )
    for name, value in fields.items():
        setattr(record, name, value)
    assert kill_progress(record) == text


def test_armed_counts_down() -> None:
    assert " ARMED 4:32 " in _one_line(_view(_replica(), UiState(arm="ARMED", arm_left_s=272)))


def test_read_only_needs_no_hint() -> None:
    assert "│ READ-ONLY │" in _one_line(_view(_replica(), UiState(arm="READ-ONLY")))


def test_silence_is_shown_in_place_of_the_link() -> None:
    made = _view(_replica(), stale_s=4.2)
    assert "STALE 4s" in _one_line(made)
    assert "link" not in _one_line(made)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"private_up": False}, "link ▼ private down"),
        ({"private_up": False, "public_up": False}, "link ▼ private and market down"),
        ({"ready": False}, "link ▲ reconciling…"),
        ({"requests": ()}, "link ▲ │"),
        ({"reconcile": ReconcileStatus()}, "drift 0 ?"),
    ],
)
def test_what_is_wrong_with_the_link_is_said(changes: dict[str, object], text: str) -> None:
    assert text in _one_line(_view(_replica(told=status(**changes))))


def test_drift_is_counted() -> None:
    drift = ev.Drift(symbol="BTCUSDT", ours=MARK, venue=MARK * 2, since_ts=NOW)
    made = _view(_replica(told=status(reconcile=ReconcileStatus(last_ok_ts=1, drift=(drift,)))))
    assert "drift 1 ✗" in _one_line(made)


@pytest.mark.parametrize("error", ["no connection", ""])
def test_drift_that_could_not_be_compared_since_shows_its_age_and_no_tick(error: str) -> None:
    compared = NOW - 34 * NS
    told = ReconcileStatus(last_ok_ts=compared, drift_ts=compared, error=error)
    made = _view(_replica(told=status(reconcile=told)))
    assert "│ drift ~0 ? (34s) │" in _one_line(made)
    assert "│drift ~0?34s│" in _one_line(made, 100)


def test_a_slow_terminal_is_said() -> None:
    assert "TTY SLOW" in _one_line(_view(_replica(), UiState(tty_slow=True)))


def test_without_unicode_the_banner_is_ascii() -> None:
    assert _one_line(_view(_replica(), UiState(glyphs=ASCII))).isascii()


def test_the_clock_is_the_engines() -> None:
    replica = _replica()
    replica.apply(LinkUpdate(status=status(ts=NOW + 9 * NS)), NOW)
    assert _one_line(_view(replica)).endswith("14:03:31 UTC")


@pytest.mark.parametrize(
    ("dcp", "text"),
    [
        (DcpStatus(wanted_s=10, set_s=10, read_ts=1), " │ DCP10s✓ │ "),
        (DcpStatus(wanted_s=10, read_ts=1), " │ DCP10s✗ │ "),
        (DcpStatus(wanted_s=10), " │ DCP10s… │ "),
    ],
)
def test_the_venues_protection_has_a_badge_where_it_was_asked_for(
    dcp: DcpStatus, text: str
) -> None:
    assert text in _one_line(_view(_replica(told=status(dcp=dcp))))
    assert "DCP" not in _one_line(_view(_replica(told=status())))

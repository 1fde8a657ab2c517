"""Pictures of the console: every layout, the ticket, the stops, the drill-down. Clocks stand still.

`pytest tests/snapshots --snapshot-update` draws them anew; look at each before it is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal as D

import pytest
from textual.pilot import Pilot

from engine.core import events as ev
from engine.core.events import EventType as E
from engine.core.margin import AccountMargin, PositionMargin
from engine.core.reports import Scope
from engine.core.status import BreakerStatus, ReconcileRun, ReconcileStatus
from engine.core.types import DriftKind
from tests.console.driving import Console
from tests.console.fakes import NOW, NS, FakeLink, busy_link, fill, replaying, status

Play = Callable[[Console], Awaitable[None]]
Snap = Callable[..., bool]

SIZES = {"wide": (200, 60), "medium": (120, 40), "narrow": (80, 24)}


def matches(
    snap: Snap, play: Play, size: str = "medium", link: FakeLink | None = None, **options: object
) -> bool:
    console = Console(link, **options)

    async def before(pilot: Pilot[int]) -> None:
        console.pilot = pilot
        await console.frame()
        await play(console)
        await console.settle()

    return snap(console.app, terminal_size=SIZES[size], run_before=before)


def pressing(*keys: str) -> Play:
    async def play(c: Console) -> None:
        await c.press(*keys)

    return play


@pytest.mark.parametrize("size", SIZES)
def test_the_main_screen(snap_compare: Snap, size: str) -> None:
    assert matches(snap_compare, pressing(), size)


@pytest.mark.parametrize("size", SIZES)
def test_before_the_engine(snap_compare: Snap, size: str) -> None:
    assert matches(snap_compare, pressing(), size, FakeLink())


@pytest.mark.parametrize("key", "23456")
def test_each_panel_alone(snap_compare: Snap, key: str) -> None:
    assert matches(snap_compare, pressing(key), "narrow")


def test_the_ladder_beside_the_blotter(snap_compare: Snap) -> None:
    assert matches(snap_compare, pressing("3"))


def test_a_recorded_market_with_its_progress(snap_compare: Snap) -> None:
    link = busy_link()
    link.tell(replaying())
    assert matches(snap_compare, pressing(), "medium", link)


@pytest.mark.parametrize("size", SIZES)
def test_a_venue_that_is_gone(snap_compare: Snap, size: str) -> None:
    error, compared = "no connection: Connection refused", NOW - 34 * NS
    failed = ReconcileRun(ts=NOW - NS, duration_s=0.0005, scopes=tuple(Scope), error=error)
    reconcile = ReconcileStatus(
        last_ok_ts=compared,
        drift_ts=compared,
        orders_ok=True,
        positions_ok=True,
        failed=tuple(Scope),
        error=error,
        history=(failed,),
    )
    place = BreakerStatus(
        name="place", state="open", since_ts=compared, probe_ts=NOW + 5 * NS, reason=error
    )
    link = busy_link()
    link.tell(status(private_up=False, public_up=False, reconcile=reconcile, breakers=(place,)))
    assert matches(snap_compare, pressing(*(("5",) if size == "narrow" else ())), size, link)


def test_armed(snap_compare: Snap) -> None:
    assert matches(snap_compare, pressing("f8"))


@pytest.mark.parametrize("size", SIZES)
def test_the_ticket_under_review(snap_compare: Snap, size: str) -> None:
    assert matches(snap_compare, pressing("b", "enter"), size)


def test_the_ticket_with_errors_beside_its_fields(snap_compare: Snap) -> None:
    async def play(c: Console) -> None:
        await c.press("s")
        c.app.screen.query_one("#qty").value = "1,5"  # type: ignore[attr-defined]
        c.app.screen.query_one("#price").value = "61000.05"  # type: ignore[attr-defined]
        await c.press("enter")

    assert matches(snap_compare, play)


def test_modify(snap_compare: Snap) -> None:
    assert matches(snap_compare, pressing("down", "m", "up", "enter"))


def test_the_question_on_the_row(snap_compare: Snap) -> None:
    assert matches(snap_compare, pressing("down", "c"))


def test_the_cancel_chooser(snap_compare: Snap) -> None:
    assert matches(snap_compare, pressing("C"))


@pytest.mark.parametrize("size", SIZES)
def test_halted_after_the_first_press(snap_compare: Snap, size: str) -> None:
    assert matches(snap_compare, pressing("f12"), size)


def test_killing(snap_compare: Snap) -> None:
    async def play(c: Console) -> None:
        await c.press("f12", "f12")
        c.link.push(ev.OrderEvent(E.CANCEL_ACK, "c-005", NOW))

        c.link.push(ev.KillProgress(ts=NOW, kill_id="k2", first_cancel_at=NOW, residual=("c-003",)))
        await c.frame()

    assert matches(snap_compare, play)


@pytest.mark.parametrize("outcome", ["done", "incomplete"])
def test_killed(snap_compare: Snap, outcome: str) -> None:
    async def play(c: Console) -> None:
        await c.press("f12", "f12")
        done = outcome == "done"
        for order in c.link.state.orders.open_orders():
            if done or order.client_order_id != "c-006":
                c.link.push(ev.OrderEvent(E.CANCEL_ACK, order.client_order_id, NOW + NS))
        c.link.push(
            ev.KillProgress(
                ts=NOW + NS,
                kill_id="k2",
                verified_zero_at=NOW + NS if done else 0,
                residual=() if done else ("c-006",),
                done=True,
            )
        )
        await c.frame()

    assert matches(snap_compare, play)


def test_drill_down(snap_compare: Snap) -> None:
    async def play(c: Console) -> None:
        await c.press("down")
        c.link.push(fill("c-010", "91af03", "0.200", "62500.0", 0))
        await c.frame()
        await c.press("enter")

    assert matches(snap_compare, play)


def drifting() -> FakeLink:
    """An engine with drift, an ignored difference, one question given up, and some history."""
    link = busy_link()
    drift = ev.Drift(
        symbol="BTCUSDT", ours=D("0.9"), venue=D("0.7"), since_ts=NOW - 65 * NS,
        ours_avg=D("60922"), venue_avg=D("60900"),
    )  # fmt: skip
    noted = ev.Drift(
        symbol="ETHUSDT", ours=D(-2), venue=D("-1.5"), since_ts=NOW - 600 * NS,
        ours_avg=D(2712), venue_avg=D(2712), kind=DriftKind.EXPLAINED,
        cause="ignored: moved by the desk",
    )  # fmt: skip
    runs = tuple(
        ReconcileRun(
            ts=NOW - 5 * n * NS,
            duration_s=0.004 + n / 1000,
            scopes=tuple(Scope) if n % 3 == 0 else (Scope.ORDERS,),
            differences=1 if n == 0 else 0,
            error="timeout" if n == 4 else "",
        )
        for n in reversed(range(12))
    )
    told = ReconcileStatus(
        last_ok_ts=NOW - 4 * NS,
        orders_ok=True,
        fills_ok=True,
        drift=(drift,),
        noted=(noted,),
        history=runs,
        alarms=("c-006: no answer to 30 questions",),
        external_orders=("web-1",),
    )
    link.tell(status(reconcile=told))
    return link


@pytest.mark.parametrize("size", SIZES)
def test_drift(snap_compare: Snap, size: str) -> None:
    assert matches(snap_compare, pressing("5"), size, drifting())


def test_drift_on_the_whole_screen(snap_compare: Snap) -> None:
    assert matches(snap_compare, pressing("5", "z"), "medium", drifting())


@pytest.mark.parametrize("size", SIZES)
def test_ignoring_drift(snap_compare: Snap, size: str) -> None:
    assert matches(snap_compare, pressing("5", "I", *"BTC", "enter"), size, drifting())


def test_help(snap_compare: Snap) -> None:
    assert matches(snap_compare, pressing("question_mark"))


def test_quit(snap_compare: Snap) -> None:
    assert matches(snap_compare, pressing("q"), "narrow")


def test_resume(snap_compare: Snap) -> None:
    async def play(c: Console) -> None:
        await c.press("f12")
        c.app.perform("trading.release")

    assert matches(snap_compare, play)


def test_a_filter_that_cannot_be_read(snap_compare: Snap) -> None:
    assert matches(snap_compare, pressing("slash", *"side:up"))


def test_read_only(snap_compare: Snap) -> None:
    assert matches(snap_compare, pressing(), "narrow", read_only=True)


def test_a_stale_engine(snap_compare: Snap) -> None:
    async def play(c: Console) -> None:
        c.alive = False
        c.wait(7)
        await c.frame()

    assert matches(snap_compare, play)


@pytest.mark.parametrize("age_s", [0, 75], ids=["fresh", "old"])
def test_equity_margin_and_liquidation(snap_compare: Snap, age_s: int) -> None:
    link = busy_link()
    held = {"BTCUSDT": PositionMargin(qty=D("0.9"), leverage=D(5), liq_price=D("54200.5"), ts=NOW)}
    margin = AccountMargin(
        equity=D("48210.55"), initial_margin=D("12060.1"), ts=NOW - age_s * NS, positions=held
    )
    link.tell(status(margin=margin))
    assert matches(snap_compare, pressing(), "wide" if age_s else "medium", link)


@pytest.mark.parametrize("theme", ["tradedeck-light", "tradedeck-mono", "tradedeck-okabe-ito"])
def test_other_themes(snap_compare: Snap, theme: str) -> None:
    assert matches(snap_compare, pressing(), "narrow", theme=theme)


def test_plain_characters(snap_compare: Snap) -> None:
    assert matches(snap_compare, pressing(), "narrow", ascii=True)


def test_a_panel_that_fails(snap_compare: Snap) -> None:
    async def play(c: Console) -> None:
        c.app.main.positions.sync = lambda view: 1 / 0  # type: ignore[assignment, method-assign]
        c.session.redraw()
        await c.frame()

    assert matches(snap_compare, play)

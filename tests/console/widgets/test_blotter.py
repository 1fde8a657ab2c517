"""The blotter keeps the cursor on its order, the rows in order, and repaints what changed."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from console.filtering import FilterError
from console.widgets.blotter import Blotter
from engine.core import events as ev
from engine.core.events import EventType
from engine.core.status import LinkUpdate
from tests.console.fakes import BTC, BUY, ETH, NOW, NS, happened, order_events, status
from tests.console.widgets.harness import Desk, Repaints, heard, lines, show


def _new(order_id: str) -> list[ev.Event]:
    return order_events(order_id, BTC, BUY, "0.100", "60900.0", 0)


def _ids(blotter: Blotter) -> str:
    return " ".join(order_id.removeprefix("c-0") for order_id in blotter.visible_ids())


def _title(blotter: Blotter) -> str:
    return str(blotter.border_title)


def test_orders_are_rows_newest_first() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        await pilot.pause()
        shown = lines(blotter)
        assert shown[0].split() == [
            "TIME", "COID", "SYMBOL", "S", "QTY", "PX", "FILLED", "AVG", "STATE", "RTY", "AGE",
            "NOTE",
        ]  # fmt: skip
        assert shown[1].startswith("▸14:03:21.442 c-011        SOLUSDT   B▲")
        assert "◐ PARTIAL" in shown[9]
        assert _title(blotter) == "1 Blotter ── working 6 / all 11 ── sort: time▼"

    show(blotter, steps)


def test_venue_text_is_drawn_as_it_is() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        await pilot.pause()
        assert any("POST_ONLY would take [/b] \\[red]" in line for line in lines(blotter))

    show(blotter, steps, (160, 20))


def test_an_empty_blotter_says_why() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        assert lines(blotter)[1] == " no orders yet"
        blotter.sync(desk.frame().blotter)
        blotter.set_filter("sym:NONE")
        await pilot.pause()
        assert lines(blotter)[1] == " nothing matches the filter"
        assert blotter.cursor_id is None

    show(blotter, steps)


def test_a_frame_without_changes_repaints_nothing() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        await pilot.pause()
        repaints = Repaints(blotter)
        for _ in range(3):
            blotter.sync(desk.frame().blotter)
        assert repaints.lines() == []

    show(blotter, steps)


def test_one_changed_order_repaints_its_line_only() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        await pilot.pause()
        repaints = Repaints(blotter)
        blotter.sync(desk.frame(happened("c-004", EventType.CANCEL_REQUEST, 0)).blotter)
        line = 1 + blotter.visible_ids().index("c-004")
        assert repaints.lines() == [line]
        assert "CANCEL…" in lines(blotter)[line]

    show(blotter, steps)


def test_a_change_off_screen_repaints_nothing() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        await pilot.pause()
        assert "c-003" not in blotter.visible_ids()
        repaints = Repaints(blotter)
        blotter.sync(desk.frame(happened("c-003", EventType.CANCEL_REQUEST, 0)).blotter)
        assert repaints.lines() == []

    show(blotter, steps, (140, 8))


def test_ages_tick_once_a_second_and_only_those_of_open_orders() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        await pilot.pause()
        repaints = Repaints(blotter)
        soon = LinkUpdate(status=status(ts=NOW + NS // 10))
        blotter.sync(desk.frame(update=soon).blotter)
        assert repaints.lines() == []
        later = LinkUpdate(status=status(ts=NOW + NS))
        blotter.sync(desk.frame(update=later).blotter)
        working, shown = desk.replica.open_ids, blotter.visible_ids()
        open_lines = [line for line, order_id in enumerate(shown, 1) if order_id in working]
        assert repaints.lines() == open_lines

    show(blotter, steps)


def test_a_row_that_comes_back_into_view_has_its_age_of_now() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        blotter.focus()
        await pilot.press("end")
        blotter.sync(desk.frame(update=LinkUpdate(status=status(ts=NOW + 50 * NS))).blotter)
        await pilot.press("home")
        assert lines(blotter)[1].split()[-1] == "51s"

    show(blotter, steps, (140, 8))


def test_when_rows_go_the_viewport_is_not_left_empty() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        blotter.focus()
        blotter.set_filter("state:open")
        await pilot.press("end")
        blotter._end_hold()
        blotter.sync(desk.frame(happened("c-005", EventType.CANCEL_ACK, 0)).blotter)
        await pilot.pause()
        assert blotter.scroll_offset.y == blotter.max_scroll_y
        assert blotter.cursor_visible

    show(blotter, steps, (140, 7))


def test_while_following_new_orders_appear_on_top_and_the_cursor_stays_on_its_order() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        await pilot.pause()
        assert blotter.cursor_id == "c-011"
        blotter.sync(desk.frame(*_new("c-012")).blotter)
        await pilot.pause()
        assert _ids(blotter).startswith("12 11 10")
        assert blotter.cursor_id == "c-011"
        assert lines(blotter)[2].startswith("▸")

    show(blotter, steps)


def test_after_a_move_rows_keep_their_places_for_a_second_then_the_viewport_stays() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        blotter.focus()
        await pilot.press("down")
        before = _ids(blotter)
        blotter.sync(desk.frame(*_new("c-012")).blotter)
        assert (_ids(blotter), blotter.holding) == (before, True)
        assert "all 12" in _title(blotter)
        blotter._end_hold()
        await pilot.pause()
        assert _ids(blotter) == before
        assert blotter.scroll_offset.y == 1
        assert "not following" in _title(blotter)
        await pilot.press("home")
        assert blotter.following
        assert blotter.cursor_id == "c-012"

    show(blotter, steps, (140, 8))


def test_while_paused_rows_stand_still_and_their_figures_stay_live() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        await pilot.pause()
        blotter.toggle_pause()
        update = desk.frame(*_new("c-012"), happened("c-010", EventType.CANCEL_REQUEST, 0))
        blotter.sync(update.blotter)
        await pilot.pause()
        assert _ids(blotter).startswith("11 10")
        assert "CANCEL…" in lines(blotter)[2]
        assert "PAUSED +2" in _title(blotter)
        blotter.toggle_pause()
        await pilot.pause()
        assert _ids(blotter).startswith("12 11 10")

    show(blotter, steps)


def _bound(kept: int) -> ev.Event:
    return ev.EngineStarted(
        ts=NOW, account="paper", venue="bybit", environment="local", closed_kept=kept
    )


def test_orders_that_left_memory_leave_the_table_and_stay_in_the_count() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame(_bound(5)).blotter)
        blotter.sync(desk.frame(happened("c-004", EventType.CANCEL_ACK, 0)).blotter)
        await pilot.pause()
        assert _ids(blotter) == "11 10 09 08 07 06 05 04 03 02"
        title = _title(blotter)
        assert title == "1 Blotter ── working 5 / all 11 ── 1 in the journal ── sort: time▼"

    show(blotter, steps)


def test_while_paused_the_row_of_an_order_that_left_memory_stays_as_it_was() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame(_bound(5)).blotter)
        blotter.toggle_pause()
        blotter.sync(desk.frame(happened("c-004", EventType.CANCEL_ACK, 0)).blotter)
        blotter.repaint_all()
        await pilot.pause()
        assert _ids(blotter).endswith("02 01")
        assert lines(blotter)[11].split()[1:6] == ["c-001", "BTCUSDT", "B▲", "0.700", "60,900.0"]
        blotter.toggle_pause()
        await pilot.pause()
        assert _ids(blotter).endswith("03 02")

    show(blotter, steps)


def test_a_row_that_is_drawn_between_two_frames_says_where_its_order_went() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame(_bound(5)).blotter)
        desk.frame(happened("c-004", EventType.CANCEL_ACK, 0))  # folded, not shown yet
        blotter.repaint_all()
        await pilot.pause()
        assert lines(blotter)[11].split() == ["c-001", "in", "the", "journal"]

    show(blotter, steps)


def test_a_filter_is_shown_counted_and_kept_up_to_date() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        blotter.set_filter("state:open side:buy")
        await pilot.pause()
        assert _ids(blotter) == "11 05 03"
        assert "filter: state:open side:buy (3)" in _title(blotter)
        gone = [happened("c-005", EventType.CANCEL_ACK, 0)]
        blotter.sync(desk.frame(*gone, *_new("c-012")).blotter)
        await pilot.pause()
        assert _ids(blotter) == "12 11 03"
        assert blotter.ordered_ids() == ["c-012", "c-011", "c-003"]

    show(blotter, steps)


def test_a_filter_that_cannot_be_read_changes_nothing() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        blotter.set_filter("side:buy")
        with pytest.raises(FilterError):
            blotter.set_filter("sid:buy")
        assert blotter.filter.text == "side:buy"

    show(blotter, steps)


def test_when_the_cursors_order_is_filtered_out_the_cursor_takes_the_first() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        messages = heard(blotter, Blotter.CursorMoved)
        blotter.set_filter("sym:ETH*")
        assert blotter.cursor_id == "c-008"
        assert [m.order_id for m in messages] == ["c-008"]  # type: ignore[attr-defined]

    show(blotter, steps)


def test_sorting_by_another_column_keeps_the_cursor_in_sight() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        blotter.sort_by("symbol", descending=False)
        await pilot.pause()
        assert blotter.ordered_ids()[:2] == ["c-001", "c-003"]
        assert blotter.cursor_id == "c-011"
        assert blotter.cursor_visible
        assert "sort: symbol▲" in _title(blotter)
        blotter.reverse_sort()
        assert blotter.ordered_ids()[0] == "c-011"
        blotter.cycle_sort()
        assert "sort: side▼" in _title(blotter)
        blotter.cycle_sort(-2)
        assert "sort: id▼" in _title(blotter)

    show(blotter, steps, (140, 8))


def test_an_unknown_column_is_an_error() -> None:
    blotter = Blotter()
    with pytest.raises(KeyError):
        blotter.sort_by("nonsense")


def test_enter_and_double_click_choose_an_order() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        await pilot.pause()
        blotter.focus()
        messages = heard(blotter, Blotter.Selected)
        await pilot.press("down", "enter")
        await pilot.click(Blotter, offset=(10, 5))
        await pilot.click(Blotter, offset=(10, 6), times=2)
        assert [m.order_id for m in messages] == ["c-010", "c-007"]  # type: ignore[attr-defined]
        assert blotter.cursor_id == "c-007"

    show(blotter, steps)


def test_a_snapshot_rebuilds_the_table() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        desk.link.push(*order_events("c-012", ETH, BUY, "1.00", "2600.00", 0))
        state = desk.link.state
        update = LinkUpdate(snapshot=state.encode(), snapshot_seq=state.seq)
        blotter.sync(desk.frame(update=update).blotter)
        await pilot.pause()
        assert _ids(blotter).startswith("12 11")
        assert blotter.cursor_id == "c-011"

    show(blotter, steps)


def test_toggling_follow_goes_back_to_the_top() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        blotter.focus()
        await pilot.press("end")
        assert blotter.scroll_offset.y > 0
        assert not blotter.following
        blotter.toggle_follow()
        await pilot.pause()
        assert (blotter.following, blotter.scroll_offset.y) == (True, 0)
        blotter.toggle_follow()
        assert not blotter.following

    show(blotter, steps, (140, 8))


def test_silence_is_on_the_border() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        view = desk.frame().blotter
        view.stale = True
        blotter.sync(view)
        assert str(blotter.border_subtitle) == "STALE"

    show(blotter, steps)


def test_a_narrow_blotter_keeps_what_identifies_an_order() -> None:
    blotter, desk = Blotter(), Desk()

    async def steps(pilot: Pilot[None]) -> None:
        blotter.sync(desk.frame().blotter)
        await pilot.pause()
        assert lines(blotter)[0].split() == ["SYMBOL", "S", "QTY", "PX", "STATE"]
        await pilot.resize_terminal(140, 20)
        await pilot.pause()
        assert lines(blotter)[0].split()[-1] == "NOTE"

    show(blotter, steps, (50, 20))

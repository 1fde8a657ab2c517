"""The app: the kill key works everywhere, order keys are guarded, frames cost nothing when idle."""

from __future__ import annotations

import asyncio

import pytest
from textual.events import AppBlur, Key

from console.actions import ACTIONS, Scope
from console.arming import ArmState
from console.screens.main import MainScreen
from engine.core import events as ev
from engine.core.commands import CancelOrder, PlaceOrder
from engine.core.types import KillLevel
from tests.console.driving import Console
from tests.console.fakes import BTC, BUY, NOW, FakeLink, busy_link, order_events, status

BOTH = [KillLevel.HALT, KillLevel.KILL]


def levels(console: Console) -> list[KillLevel]:
    return [level for level, _, _ in console.link.kills]


@pytest.mark.parametrize(
    "before",
    [
        (),
        ("b",),
        ("b", "1", "2"),
        ("slash", "s"),
        ("C",),
        ("question_mark",),
        ("ctrl+p",),
        ("ctrl+p", "q"),
        ("q",),
        ("down", "c"),
        ("down", "m"),
        ("down", "enter"),
        ("z",),
    ],
    ids=lambda keys: "+".join(keys) or "main",
)
def test_f12_twice_kills_from_every_screen_and_field(before: tuple[str, ...]) -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press(*before)
        await c.press("f12", gap=0.5)
        assert levels(c) == [KillLevel.HALT]
        await c.press("f12", gap=0.5)
        assert levels(c) == BOTH

    console.run(play)


@pytest.mark.parametrize("size", [(200, 60), (80, 24), (59, 14), (20, 5)])
def test_f12_twice_kills_at_every_size(size: tuple[int, int]) -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f12", "f12")
        assert levels(c) == BOTH

    console.run(play, size)


def test_ctrl_backslash_is_the_same_key() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("ctrl+backslash", "ctrl+backslash")
        assert levels(c) == BOTH

    console.run(play)


def test_the_kill_key_is_believed_however_old_and_however_fast() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f12", age=5.0)
        await c.press("f12", gap=0.02, age=5.0)
        assert levels(c) == BOTH

    console.run(play)


def test_a_remapped_kill_key_works_and_the_old_one_is_free() -> None:
    console = Console(keymap={"kill.halt": "f9"})

    async def play(c: Console) -> None:
        await c.press("f12")
        assert levels(c) == []
        await c.press("f9", "f9")
        assert levels(c) == BOTH
        assert "F9" in c.app.main.query_one("#footer").render().plain  # type: ignore[union-attr]

    console.run(play)


def test_kill_works_on_a_read_only_console() -> None:
    console = Console(read_only=True)

    async def play(c: Console) -> None:
        await c.press("b", "C", "f12", "f12")
        assert levels(c) == BOTH
        assert c.sheet == "MainScreen"
        assert c.link.commands == []

    console.run(play)


def test_a_kill_that_fails_is_shouted_about() -> None:
    class Dead(FakeLink):
        def kill(self, level: KillLevel, by: str = "operator", reason: str = "") -> None:
            raise ConnectionError("engine is gone")

    console = Console(Dead())

    async def play(c: Console) -> None:
        await c.press("f12")
        assert c.toasts == [
            "KILL FAILED: ConnectionError('engine is gone'). "
            "Press F12 F12 again; if that fails, cancel on the venue's own page"
        ]

    console.run(play)


def test_a_kill_before_the_engine_or_into_silence_says_so() -> None:
    console = Console(FakeLink(respond=False))

    async def play(c: Console) -> None:
        await c.press("f12")
        assert c.toasts[-1] == "the engine is still starting: it begins by stopping"
        c.link.tell(status())
        await c.frame()
        c.alive = False
        await c.press("f12", gap=5.0)
        assert c.toasts[-1] == (
            "stop sent to an engine that is silent. "
            "Press F12 F12 again; if that fails, cancel on the venue's own page"
        )

    console.run(play)


def test_an_order_key_typed_into_a_stall_is_dropped() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b", age=0.7)
        assert c.sheet == "MainScreen"
        assert c.toasts == ["buy ignored: 700 ms old"]

    console.run(play)


def test_a_held_order_key_acts_once() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f8")
        await c.press("down", "c", gap=0.5)
        await c.press("c", "c", "c", gap=0.03)
        assert [type(command) for command in c.link.commands] == [CancelOrder]

    console.run(play)


def test_pasted_text_opens_no_ticket_and_sends_nothing() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f8")
        await c.paste("buy 0.01 BTC\n")
        assert c.link.commands == []
        assert c.sheet != "Ticket"

    console.run(play)


def test_an_action_on_a_row_that_just_moved_needs_a_second_press() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f8")
        wanted = c.app.main.blotter.cursor_id
        line = c.app.main.cursor_line()
        c.link.push(*order_events("new-1", BTC, BUY, "0.100", "60000.0", 0))
        await c.frame()
        assert (c.app.main.blotter.cursor_id, c.app.main.cursor_line()) == (wanted, line + 1)
        await c.press("c", gap=0.1)
        assert c.link.commands == []
        assert c.toasts[-1] == "cancel: the row just moved; press again"
        await c.press("c", gap=0.31)
        assert [o.client_order_id for o in c.link.commands] == [wanted]  # type: ignore[union-attr]

    console.run(play)


def test_a_window_that_loses_focus_disarms() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("f8")
        assert c.session.arm_state() is ArmState.ARMED
        c.app.post_message(AppBlur())
        await c.settle()
        assert c.session.arm_state() is ArmState.SAFE
        assert c.toasts[-1] == "SAFE: the window lost focus"

    console.run(play)


def test_esc_disarms_on_the_main_screen_and_in_a_sheet() -> None:
    console = Console()

    async def play(c: Console) -> None:
        for keys in (("f8", "escape"), ("f8", "b", "escape")):
            await c.press(*keys)
            assert c.session.arm_state() is ArmState.SAFE
            assert c.sheet == "MainScreen"

    console.run(play)


def test_a_terminal_too_small_takes_no_orders_and_says_why() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("b")
        assert c.sheet == "MainScreen"
        assert c.toasts == ["buy: the terminal is too small"]
        assert c.app.main.query_one("#too-small").display

    console.run(play, (59, 15))


def test_an_idle_console_draws_nothing() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.frame()
        drawn: list[object] = []
        c.app.main.show = lambda *args: drawn.append(args)  # type: ignore[method-assign]
        for _ in range(5):
            c.link.tell(status())
            await c.frame()
        assert drawn == []
        c.link.tell(status(ready=False))
        await c.frame()
        assert len(drawn) == 1

    console.run(play)


def test_a_panel_that_fails_says_so_and_takes_nobody_with_it() -> None:
    console = Console()

    async def play(c: Console) -> None:
        slot = c.app.main.slots["positions"]
        good = slot.panel.sync  # type: ignore[attr-defined]
        slot.panel.sync = lambda view: 1 / 0  # type: ignore[attr-defined]
        c.link.tell(status(loop_lag_s=0.001))
        await c.frame()
        assert not slot.panel.display
        assert "render error, see log" in {str(w.content) for w in slot.query(".render-error")}  # type: ignore[attr-defined]
        slot.panel.sync = good  # type: ignore[attr-defined]
        c.link.tell(status(loop_lag_s=0.002))
        await c.frame()
        assert slot.panel.display

    console.run(play)


def test_an_action_that_fails_is_a_toast_and_not_a_crash(caplog: pytest.LogCaptureFixture) -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.session.desk.open_orders = lambda: 1 / 0  # type: ignore[assignment, method-assign, return-value]
        await c.press("q")
        assert c.toasts == ["quit failed, see log"]

    console.run(play)
    assert "action app.quit failed" in caplog.text


def test_moving_the_cursor_shows_that_orders_market_in_the_ladder() -> None:
    console = Console()

    async def play(c: Console) -> None:
        assert c.session.ui.symbol == "BTCUSDT"
        await c.press("down", "down", "down")
        assert c.session.ui.symbol == "ETHUSDT"
        assert c.link.watched == {"ETHUSDT"}

    console.run(play)


def test_venue_text_that_looks_like_markup_is_shown_as_it_is() -> None:
    console = Console()

    async def play(c: Console) -> None:
        c.session.desk.sent.add("cmd-m")
        c.link.push(
            ev.CommandRefused(
                ts=NOW, command_id="cmd-m", command="x", code="[/b]", text="[@click=quit]no[/]"
            )
        )
        await c.frame()
        assert c.toasts == ["refused: [/b] [@click=quit]no[/]"]

    console.run(play)


def test_ctrl_c_ends_nothing_and_says_what_does() -> None:
    console = Console()

    async def play(c: Console) -> None:
        await c.press("ctrl+c")
        assert c.toasts == ["q leaves, F12 stops"]

    console.run(play)


def test_it_can_be_ended_from_another_thread_at_any_time() -> None:
    early = Console()
    early.app.end_soon(143)

    async def nothing(_: Console) -> None:
        """It ends by itself."""

    early.run(nothing)
    assert (early.app.return_code, early.app.return_value, early.app.ended) == (0, 143, True)

    late = Console()

    async def end(c: Console) -> None:
        await asyncio.to_thread(c.app.end_soon, 129)
        await c.settle()

    late.run(end)
    assert (late.app.return_value, late.app.ended) == (129, True)


def test_first_paint_is_told_once_the_panels_are_there() -> None:
    console = Console(FakeLink())
    painted: list[bool] = []
    console.app.on_first_paint = lambda: painted.append(console.app.main.blotter.is_mounted)

    async def play(c: Console) -> None:
        await c.settle()

    console.run(play)
    assert painted == [True]


def test_the_default_screen_is_the_main_one_and_every_main_key_is_bound_there() -> None:
    console = Console()

    async def play(c: Console) -> None:
        assert isinstance(c.app.screen, MainScreen)
        bound = {b.binding.id for b in c.app.screen.active_bindings.values()}
        wanted = {a.id for a in ACTIONS.values() if a.scope is Scope.MAIN and a.keys}
        # Enter is the table's own key; it opens the same detail.
        assert wanted - bound == {"view.detail"}

    console.run(play)


def test_an_order_is_placed_with_the_operators_name() -> None:
    console = Console(busy_link(respond=False), by="ops@desk")

    async def play(c: Console) -> None:
        await c.press("b", "enter", "enter")
        (order,) = c.link.commands
        assert isinstance(order, PlaceOrder)
        assert (order.by, order.client_order_id) == ("ops@desk", "td-run-1")

    console.run(play)


def test_a_key_event_is_stamped_before_the_bindings_see_it() -> None:
    console = Console()

    async def play(c: Console) -> None:
        event = Key("r", "r")
        event.time = 123.0
        c.app.post_message(event)
        await c.settle()
        assert c.app.key_time_s == 123.0

    console.run(play)

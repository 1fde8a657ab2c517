"""The console as a Textual app: frames from the link, keys to operations, nothing else."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events, on
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.notifications import SeverityLevel
from textual.screen import Screen

from console import trading
from console.actions import ACTIONS, Action, Guard, Scope
from console.arming import ArmState
from console.driver import ConsoleDriver
from console.frame import Frame
from console.guards import KeyGuard, RowGuard
from console.keymap import bindings
from console.operations import OPERATIONS
from console.screens.layout import SizeClass
from console.screens.main import MainScreen
from console.screens.sheet import Sheet
from console.session import Session, Sight, Turn
from console.terminal import Gate
from console.theme import load_themes, theme_variable_defaults
from console.tidying import Tidying
from console.widgets.blotter import Blotter
from console.widgets.ladder import LadderPanel
from console.widgets.positions import PositionsPanel

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.driver import Driver

log = logging.getLogger("tradedeck.console")
TOAST_S = 5.0
"""How long a line is shown that needs no answer."""
CURSOR_KEYS = frozenset({"up", "down", "pageup", "pagedown", "home", "end"})
ExitPolicy = Literal["leave", "cancel"]


def _nothing() -> None:
    """Nobody waits for the first paint."""


def _palette_provider() -> type[Provider]:
    from console.palette import ActionProvider

    return ActionProvider


class ConsoleApp(App[int], inherit_bindings=False):
    """One operator's console on one engine.

    A timer turns the session and hands its frame to the main screen; where nothing changed,
    nothing is drawn. `monotonic` is the clock that Textual stamps keys with.
    After it ends, `exit_policy` says what the operator wants done with open orders.
    """

    CSS_PATH = "console.tcss"
    TITLE = "tradedeck"
    COMMANDS: ClassVar = {_palette_provider}
    ENABLE_COMMAND_PALETTE = False  # Its key is in the action table instead.
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.EVERYWHERE),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]

    def __init__(
        self, session: Session, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Raises ThemeError on a theme that cannot be used."""
        self.options = session.options
        self.keymap = session.keymap
        self._themes = load_themes(self.options.up_color)
        super().__init__()
        self.use_command_palette = True
        self.session: Session = session
        self.desk = session.desk
        self.replica = session.replica
        self.monotonic = monotonic
        self.main: MainScreen = MainScreen(self.keymap, read_only=self.options.read_only)
        self.exit_policy: ExitPolicy = "leave"
        self.ended = False
        """True when it was asked to end: otherwise it crashed."""
        self.on_first_paint: Callable[[], None] = _nothing
        self.key_time_s = 0.0
        """When the key in hand was pressed (monotonic)."""
        self._key: events.Key | None = None
        self._key_guard = KeyGuard()
        self._row_guard = RowGuard()
        self._cursor_moved_by_user = False
        self._gate = Gate()
        self._tidying = Tidying()
        self._loop_here: asyncio.AbstractEventLoop | None = None
        self._end_code: int | None = None
        for theme in self._themes:
            self.register_theme(theme)
        self.theme = self.options.theme
        self.set_keymap(self.keymap.overrides)

    def get_default_screen(self) -> Screen[None]:
        """The main screen is there from the first frame."""
        return self.main

    def get_driver_class(self) -> type[Driver]:
        """What speaks to the terminal."""
        return ConsoleDriver

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of every meaning, for themes that come from Textual."""
        return theme_variable_defaults()

    def on_mount(self) -> None:
        self._loop_here = asyncio.get_running_loop()

    @on(MainScreen.Ready)
    def _main_ready(self) -> None:
        if self._end_code is not None:
            self._end(self._end_code)
            return
        self.session.redraw()
        self.tick()
        self.set_interval(1 / self.options.hz, self.tick)
        self.call_after_refresh(lambda: self.on_first_paint())

    # Frames.

    def tick(self) -> None:
        """Take in what the link has, and draw it where something on screen would differ."""
        session, now_s = self.session, self.monotonic()
        sight = Sight(
            closed_s=self._gate.closed_s(self._driver, now_s),
            too_small=self.main.size_class is SizeClass.TINY,
            focused=self.app_focus,
        )
        turn = session.turn(now_s, sight)
        for notice in turn.notices:
            self.say(notice.text, bad=notice.bad)
        if turn.frame is not None:
            self._draw(turn.frame, turn)
            session.drawn(now_s, self.monotonic())
        self._tidying.look(now_s)

    def _draw(self, frame: Frame, turn: Turn) -> None:
        with self.batch_update():
            self.main.show(frame, turn.halt)
            self.main.set_class(self.session.arm_state() is ArmState.ARMED, "-armed")
            screen = self.screen
            if isinstance(screen, Sheet) and screen.is_mounted:
                screen.on_frame(turn.changes)
        self._note_cursor()
        if turn.changes.reset and self.replica.status is not None:
            # What was loaded stays for the whole run: the collector need not look at it again.
            gc.collect()
            gc.freeze()

    def on_app_blur(self) -> None:
        """Whoever types next may not be the one who armed."""
        if self.session.arming.disarm():
            self.say("SAFE: the window lost focus")

    # Keys.

    async def on_event(self, event: events.Event) -> None:
        """Every key passes here first, wherever the focus is."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            text = event.is_printable or event.key == "enter"
            self._key_guard.note(event.key, event.time, text=text)
            self._tidying.used(event.time)
            self._cursor_moved_by_user |= event.key in CURSOR_KEYS
        elif isinstance(event, events.MouseUp | events.MouseScrollUp | events.MouseScrollDown):
            self._cursor_moved_by_user = True
        await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        """Runs just before the bindings see this same key: `action_act` judges it by its time."""
        self._key = event

    def action_act(self, action_id: str) -> None:
        """A key was pressed for an action of the table."""
        key, self._key = self._key, None
        action = ACTIONS[action_id]
        self.key_time_s = self.monotonic() if key is None else key.time
        if action.trades and key is not None:
            refusal = self._key_guard.refusal(key.key, key.time, self.monotonic())
            if refusal is not None:
                self.say(f"{action.label} ignored: {refusal}", bad=True)
                return
        self.perform(action_id)

    def perform(self, action_id: str) -> None:
        """Carry out an action, unless the console or the row under the cursor forbids it."""
        action = ACTIONS[action_id]
        refusal = self._refusal(action) if action.trades else None
        if refusal is not None:
            self.say(f"{action.label}: {refusal}", bad=True)
            return
        try:
            if action_id in OPERATIONS:
                OPERATIONS[action_id](self)
            elif isinstance(self.screen, Sheet):
                self.screen.act(action_id)
        except Exception:
            log.exception("action %s failed", action_id)
            self.say(f"{action.label} failed, see log", bad=True)

    def _refusal(self, action: Action) -> str | None:
        if self.options.read_only:
            return "this console is read-only"
        if self.main.size_class is SizeClass.TINY:
            return "the terminal is too small"
        if action.scope is Scope.MAIN and isinstance(self.screen, Sheet):
            return "leave the open sheet first"
        if action.guard is Guard.ROW:
            return self._row_guard.refusal(self.main.blotter.cursor_id, self.monotonic())
        return None

    def action_help_quit(self) -> None:
        """Ctrl+C is a reflex; nothing ends by reflex here."""
        self.say(f"{self.keymap.text('app.quit')} leaves, {self.keymap.text('kill.halt')} stops")

    # What operations use.

    def say(self, text: str, *, bad: bool = False) -> None:
        """One plain line as a toast."""
        severity: SeverityLevel = "error" if bad else "information"
        self.notify(text, severity=severity, timeout=TOAST_S, markup=False)
        self._tidying.goes(self.monotonic() + TOAST_S)

    def pop_screen(self) -> AwaitComplete:
        """Leave what lies over the main screen, or the palette."""
        self._tidying.goes(self.monotonic())
        return super().pop_screen()

    def blocked(self) -> bool:
        """True, and says why, when nothing may be sent now."""
        refusal = self.desk.refusal(self.session.clock.now_ns())
        if refusal is not None:
            self.say(refusal, bad=True)
        return refusal is not None

    def stop_trading(self, stop: Callable[[], object]) -> None:
        """Run one stop. The halt bar shows that it holds; what it cannot show is said here."""
        try:
            stop()
        except Exception as error:
            self.say(f"KILL FAILED: {error!r}. {self._instead()}", bad=True)
            return
        if self.replica.status is None:
            self.say("the engine is still starting: it begins by stopping", bad=True)
        elif self.replica.stale_s(self.session.clock.now_ns()):
            self.say(f"stop sent to an engine that is silent. {self._instead()}", bad=True)

    def _instead(self) -> str:
        """What is left to do where a stop may not have been heard."""
        key = self.keymap.text("kill.halt")
        return f"Press {key} {key} again; if that fails, cancel on the venue's own page"

    @property
    def theme_names(self) -> list[str]:
        """The console's own themes."""
        return [theme.name for theme in self._themes]

    async def action_quit(self) -> None:
        """Textual's own way to quit asks the same question."""
        self.perform("app.quit")

    def leave(self, policy: ExitPolicy) -> None:
        """End the console; `policy` is for whoever ends the engine."""
        self.exit_policy = policy
        self._end(0)

    def end_soon(self, code: int) -> None:
        """End with an exit code; safe from any thread and at any time."""
        self._end_code = code
        loop = self._loop_here
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._end, code)

    def _end(self, code: int) -> None:
        self.ended = True
        self.exit(code)

    # What panels and sheets say.

    def _note_cursor(self) -> None:
        """Record what is under the cursor now, and whether it was the user who moved it."""
        by_user, self._cursor_moved_by_user = self._cursor_moved_by_user, False
        self._row_guard.shown(
            self.main.blotter.cursor_id, self.main.cursor_line(), self.monotonic(), by_user=by_user
        )

    @on(Blotter.CursorMoved)
    def _cursor_moved(self, message: Blotter.CursorMoved) -> None:
        if not self._cursor_moved_by_user:
            return
        self._note_cursor()
        order = self.desk.order(message.order_id)
        if order is not None:
            self.session.show_symbol(order.symbol)

    @on(Blotter.Selected)
    def _row_selected(self) -> None:
        self.perform("view.detail")

    @on(PositionsPanel.Selected)
    def _position_selected(self, message: PositionsPanel.Selected) -> None:
        self.session.show_symbol(message.symbol)

    @on(LadderPanel.Picked)
    def _level_picked(self, message: LadderPanel.Picked) -> None:
        refusal = self._refusal(ACTIONS["order.buy"])
        if refusal is not None:
            self.say(refusal, bad=True)
        else:
            trading.open_ticket(self, message.side, symbol=message.symbol, price=message.price)

    @on(LadderPanel.CancelAt)
    def _cancel_at(self, message: LadderPanel.CancelAt) -> None:
        if message.order_ids and not self.blocked():
            trading.cancel_at(self, message.price, message.order_ids)

    @on(Sheet.Left)
    def _sheet_left(self) -> None:
        if self.session.arming.disarm():
            self.say("SAFE")

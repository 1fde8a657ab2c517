"""A small app around one widget: what it shows as text, and what it repaints."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from console.frame import Frame, build_frame
from console.replica import Replica
from console.theme import load_themes, theme_variable_defaults
from console.ui_state import UiState
from console.widgets.barred import Barred
from engine.core import events as ev
from engine.core.status import LinkUpdate
from tests.console.fakes import NOW, FakeLink, busy_link


class PanelApp(App[None]):
    """One widget on the whole screen."""

    CSS = "LineTable { height: 1fr; }"

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.animation_level = "none"
        self.widget = widget
        for theme in load_themes():
            self.register_theme(theme)
        self.theme = "tradedeck-dark"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_variable_defaults()

    def compose(self) -> ComposeResult:
        yield self.widget


Steps = Callable[[Pilot[None]], Awaitable[None]]


def show(widget: Widget, steps: Steps, size: tuple[int, int] = (140, 20)) -> None:
    """Run `steps` against the widget in a terminal of `size`."""

    async def run() -> None:
        async with PanelApp(widget).run_test(size=size) as pilot:
            await pilot.pause()
            await steps(pilot)

    asyncio.run(run())


def lines(widget: Widget) -> list[str]:
    """What the widget shows inside its border, its scroll bar and trailing blanks cut."""
    drawn = [widget.render_line(y).text for y in range(widget.size.height)]
    if isinstance(widget, Barred) and widget.show_vertical_scrollbar:
        drawn = [line[:-1] for line in drawn]
    return [line.rstrip() for line in drawn]


def heard(widget: Widget, *types: type[Message]) -> list[Message]:
    """A list that fills with the messages of these types that the widget posts."""
    messages: list[Message] = []
    post = widget.post_message

    def listening(message: Message) -> bool:
        if isinstance(message, types):
            messages.append(message)
        return post(message)

    widget.post_message = listening  # type: ignore[method-assign]
    return messages


class Repaints:
    """Counts what a widget asks to have repainted; None stands for all of it."""

    def __init__(self, widget: Widget) -> None:
        self.regions: list[Region | None] = []
        refresh = widget.refresh

        def counted(*regions: Region, **options: bool) -> Widget:
            self.regions += regions or (None,)
            return refresh(*regions, **options)

        widget.refresh = counted  # type: ignore[method-assign]

    def lines(self) -> list[int]:
        """The lines repainted since the last call, by viewport line; -1 is the border's."""
        taken, self.regions = self.regions, []
        assert None not in taken, "the whole widget was repainted"
        return sorted({y for region in taken if region for y in region.line_range})


class Desk:
    """A link, a replica and frames made of them."""

    def __init__(self, link: FakeLink | None = None, ui: UiState | None = None) -> None:
        self.link = link or busy_link()
        self.replica = Replica()
        self.ui = ui or UiState(symbol="BTCUSDT")

    def frame(self, *events: ev.Event, update: LinkUpdate | None = None) -> Frame:
        """The frame after these events."""
        self.link.push(*events)
        polled = self.link.poll() if update is None else update
        return build_frame(self.replica, self.replica.apply(polled, NOW), self.ui, NOW)

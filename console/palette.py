"""The command palette: every action of the table by name, the markets, and the themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from console.actions import TABLE

if TYPE_CHECKING:
    from console.app import ConsoleApp


class Entry(NamedTuple):
    """One line of the palette."""

    text: str
    help: str
    run: Callable[[], None]


def entries(app: ConsoleApp) -> Iterator[Entry]:
    """What can be done now, in the order of the table."""
    for action in TABLE:
        if not action.palette or (app.options.read_only and action.trades):
            continue
        key = app.keymap.text(action.id)
        name = action.label[:1].upper() + action.label[1:]
        yield Entry(f"{name}  {key}".rstrip(), action.help, partial(app.perform, action.id))
    for symbol in app.session.symbols():
        yield Entry(
            f"Ladder {symbol}", "Show this market.", partial(app.session.show_symbol, symbol)
        )
    for theme in app.theme_names:
        yield Entry(f"Theme {theme}", "Change the colours.", partial(setattr, app, "theme", theme))


class ActionProvider(Provider):
    """Finds entries by any part of their text or help."""

    @property
    def _console(self) -> ConsoleApp:
        from console.app import ConsoleApp

        assert isinstance(self.app, ConsoleApp)
        return self.app

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for entry in entries(self._console):
            yield DiscoveryHit(Content(entry.text), entry.run, entry.text, entry.help)

    async def search(self, query: str) -> Hits:
        """What matches, best first."""
        matcher = self.matcher(query)
        for entry in entries(self._console):
            score = matcher.match(entry.text)
            if score > 0:
                yield Hit(score, Content(entry.text), entry.run, entry.text, entry.help)

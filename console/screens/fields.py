"""One-line fields of the sheets: a text input that leaves Enter alone, and a choice of few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input

EDITS: dict[str, str] = {
    key: binding.action
    for binding in Input.BINDINGS
    if isinstance(binding, Binding) and binding.key != "enter"
    for key in binding.key.split(",")
}
"""Textual's editing keys and their actions."""


class Field(Input, inherit_bindings=False):
    """A compact input without completion. Enter belongs to the sheet around it.

    Editing keys act here, in the order they were typed in. As bindings they would first travel up
    to the app, and fast typing would overtake them: "clear, 55000" could come out as 5000.
    """

    def __init__(self, value: str = "", *, id: str, placeholder: str = "", most: int = 40) -> None:
        super().__init__(value, id=id, placeholder=placeholder, compact=True, max_length=most)
        self.cursor_blink = False

    async def on_key(self, event: events.Key) -> None:
        """Carry out an editing key; all others are text, or somebody else's."""
        action = EDITS.get(event.key)
        if action is not None:
            event.stop()
            event.prevent_default()
            await self.run_action(action)


class Choice(Widget, can_focus=True):
    """One of a few words: left and right, space, or a word's first letter choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", show=False),
        Binding("right,space", "turn(1)", show=False),
    ]
    index: reactive[int] = reactive(0)

    class Changed(Message):
        """Another word was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            """The choice that changed, for selectors."""
            return self.choice

    def __init__(self, words: Sequence[str], value: str, *, id: str) -> None:
        super().__init__(id=id)
        self.words = tuple(words) or ("",)
        self.set_reactive(Choice.index, self.words.index(value) if value in self.words else 0)

    @property
    def value(self) -> str:
        """The chosen word."""
        return self.words[self.index]

    def choose(self, word: str) -> None:
        """Choose a word; one that is not offered is ignored."""
        if word in self.words:
            self.index = self.words.index(word)

    def action_turn(self, step: int) -> None:
        """Choose the next word, or the one before."""
        self.index = (self.index + step) % len(self.words)

    def watch_index(self) -> None:
        self.post_message(self.Changed(self))

    def on_key(self, event: events.Key) -> None:
        """A letter chooses the next word that begins with it."""
        letter = (event.character or "").lower()
        if not letter.isalnum():
            return
        event.stop()
        event.prevent_default()
        for offset in range(1, len(self.words) + 1):
            place = (self.index + offset) % len(self.words)
            if self.words[place].lower().startswith(letter):
                self.index = place
                return

    def on_click(self) -> None:
        self.action_turn(1)

    def render(self) -> Text:
        left, right = ("‹ ", " ›") if len(self.words) > 1 else ("  ", "")
        return Text(f"{left}{self.value}{right}", no_wrap=True)

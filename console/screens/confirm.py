"""Words that must be typed before something weighty: resume, flatten, arm on a live account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from console.screens.fields import Field
from console.screens.sheet import Sheet


class Typed(msgspec.Struct, frozen=True):
    """One thing to type; `problem` says what is wrong with a text, or None when it will do."""

    label: str
    problem: Callable[[str], str | None]


class TypedConfirm(Sheet[tuple[str, ...] | None]):
    """Enter goes to the next field and, from the last one, confirms when every text will do."""

    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = "Field"

    def __init__(self, title: str, explanation: str, fields: Sequence[Typed]) -> None:
        super().__init__()
        self.TITLE_TEXT = title
        self._explanation = explanation
        self._fields = tuple(fields)

    def content(self) -> ComposeResult:
        yield Static(self._explanation, classes="note", markup=False)
        for place, field in enumerate(self._fields):
            with Horizontal(classes="field-row"):
                yield Static(field.label, classes="label", markup=False)
                yield Field(id=f"typed-{place}", most=200)
                yield Static("", classes="error", id=f"error-{place}", markup=False)
        yield Static("Enter confirms  Esc leaves", classes="keys", markup=False)

    def on_key(self, event: events.Key) -> None:
        if event.key != "enter":
            return
        event.stop()
        event.prevent_default()
        texts = tuple(field.value.strip() for field in self.query(Field))
        problems = [f.problem(text) for f, text in zip(self._fields, texts, strict=True)]
        for place, problem in enumerate(problems):
            untouched = not texts[place] and not self.query_one(f"#typed-{place}").has_focus
            self.query_one(f"#error-{place}", Static).update("" if untouched else problem or "")
        first_bad = next((place for place, problem in enumerate(problems) if problem), None)
        if first_bad is None:
            self.dismiss(texts)
        else:
            self.query_one(f"#typed-{first_bad}").focus()

"""The fields of the sheets: a choice among few words, a text that leaves Enter alone."""

from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult

from console.screens.fields import Choice, Field


class Form(App[None]):
    """Two choices and a text."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[str] = []
        self.entered = 0

    def compose(self) -> ComposeResult:
        yield Choice(("Buy", "Sell", "Both"), "Sell", id="side")
        yield Choice((), "", id="none")
        yield Field("1", id="qty")

    def on_choice_changed(self, message: Choice.Changed) -> None:
        self.changes.append(f"{message.control.id} {message.choice.value}")

    def on_key(self, event: object) -> None:
        self.entered += getattr(event, "key", "") == "enter"


def value(*keys: str, field: str = "side") -> str:
    form = Form()

    async def main() -> str:
        async with form.run_test() as pilot:
            form.query_one(f"#{field}").focus()
            await pilot.press(*keys)
            widget = form.query_one(f"#{field}")
            return str(widget.value)  # type: ignore[attr-defined]

    return asyncio.run(main())


def test_left_right_and_space_go_round() -> None:
    assert value() == "Sell"
    assert value("right") == "Both"
    assert value("right", "right") == "Buy"
    assert value("left") == "Buy"
    assert value("space", "space", "space") == "Sell"


def test_a_letter_goes_to_the_next_word_that_begins_with_it() -> None:
    assert value("b") == "Both"
    assert value("b", "b") == "Buy"
    assert value("x") == "Sell"


def test_a_choice_of_nothing_is_empty_and_stays_so() -> None:
    assert value("right", "a", field="none") == ""


def test_choosing_says_so_once_and_only_known_words_can_be_chosen() -> None:
    form = Form()

    async def main() -> None:
        async with form.run_test() as pilot:
            side = form.query_one("#side", Choice)
            side.choose("Buy")
            side.choose("nonsense")
            await pilot.pause()
            assert side.render().plain == "‹ Buy ›"
            await pilot.click("#side")

    asyncio.run(main())
    assert form.changes == ["side Buy", "side Sell"]


def test_enter_in_a_text_is_left_to_the_sheet() -> None:
    form = Form()

    async def main() -> None:
        async with form.run_test() as pilot:
            form.query_one("#qty").focus()
            await pilot.press("2", "enter")
            assert form.entered == 1

    asyncio.run(main())

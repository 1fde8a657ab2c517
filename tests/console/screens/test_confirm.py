"""Typed confirmations: every text must do, Enter goes on, Esc gives nothing."""

from __future__ import annotations

import asyncio

from textual.app import App

from console.screens.confirm import Typed, TypedConfirm

FIELDS = (
    Typed("Word", lambda text: None if text == "go" else "type go"),
    Typed("Reason", lambda text: None if text else "say why"),
)


def play(*keys: str) -> tuple[object, list[str]]:
    """The result after these keys, and the errors that were shown before the last one."""
    results: list[object] = ["open"]
    errors: list[str] = []

    async def main() -> None:
        app: App[None] = App()
        async with app.run_test() as pilot:
            sheet = TypedConfirm("TITLE", "explained", FIELDS)
            await app.push_screen(sheet, results.append)
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()
            if results[-1] == "open":
                errors.extend(str(sheet.query_one(f"#error-{n}").content) for n in (0, 1))  # type: ignore[attr-defined]

    asyncio.run(main())
    return results[-1], errors


def test_all_texts_right_confirm() -> None:
    assert play("g", "o", "enter", "w", "h", "y", "enter") == (("go", "why"), [])


def test_enter_in_the_first_field_goes_to_the_next_without_complaint() -> None:
    assert play("g", "o", "enter") == ("open", ["", ""])


def test_a_wrong_text_is_said_beside_its_field() -> None:
    assert play("n", "o", "enter") == ("open", ["type go", ""])


def test_an_empty_field_that_has_the_keys_is_an_error() -> None:
    assert play("g", "o", "enter", "enter") == ("open", ["", "say why"])


def test_spaces_around_a_text_do_not_count() -> None:
    assert play("space", "g", "o", "enter", "x", "space", "enter")[0] == ("go", "x")


def test_esc_gives_nothing() -> None:
    assert play("g", "o", "escape") == (None, [])

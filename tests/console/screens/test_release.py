"""Which words the weighty confirmations ask for."""

from __future__ import annotations

from console.screens.confirm import TypedConfirm
from console.screens.release import arm_screen, flatten_screen, release_screen


def problems(screen: TypedConfirm, *texts: str) -> list[str | None]:
    return [field.problem(text) for field, text in zip(screen._fields, texts, strict=True)]


def test_resuming_asks_for_the_account_and_a_reason() -> None:
    screen = release_screen("desk", "limits", "daily loss")
    assert problems(screen, "desk", "checked") == [None, None]
    assert problems(screen, "Desk", "") == ["type desk", "say why it is safe"]
    assert "desk was halted by limits, daily loss." in screen._explanation
    assert "halted by me.\n" in release_screen("desk", "me", "")._explanation


def test_flattening_asks_for_the_word_and_the_account() -> None:
    screen = flatten_screen("desk", 1)
    assert problems(screen, "FLATTEN desk") == [None]
    assert problems(screen, "flatten desk") == ["type FLATTEN desk"]
    assert "closes 1 position on desk" in screen._explanation
    assert screen._explanation.endswith("\nTo confirm, type: FLATTEN desk")
    assert "closes 2 positions" in flatten_screen("desk", 2)._explanation


def test_arming_asks_for_the_last_four_of_the_account() -> None:
    screen = arm_screen("main-0042")
    assert problems(screen, "0042") == [None]
    assert problems(screen, "main") == ["not this account"]

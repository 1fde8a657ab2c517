"""The user's keys: what is accepted, what is refused, and that kill cannot be lost."""

from __future__ import annotations

import pytest

from console.actions import Scope
from console.keymap import KeymapError, bindings, is_key, read_keymap


def problem(user: dict[str, str]) -> str:
    with pytest.raises(KeymapError) as caught:
        read_keymap(user)
    return str(caught.value)


def test_without_a_keymap_every_action_keeps_its_default_keys() -> None:
    keymap = read_keymap()
    assert keymap.overrides == {}
    assert keymap.keys["kill.halt"] == ("f12", "ctrl+backslash")
    assert keymap.text("kill.halt") == "F12"


def test_a_key_is_replaced_and_the_old_one_is_free() -> None:
    keymap = read_keymap({"order.buy": "B"})
    assert keymap.text("order.buy") == "B"
    assert keymap.overrides == {"order.buy": "B"}
    assert read_keymap({"order.buy": "B", "view.sort": "b"}).text("view.sort") == "b"


def test_two_actions_may_swap_their_keys() -> None:
    keymap = read_keymap({"order.buy": "s", "order.sell": "b"})
    assert (keymap.text("order.buy"), keymap.text("order.sell")) == ("s", "b")


def test_an_unknown_action_is_refused_with_the_nearest_one() -> None:
    assert problem({"order.by": "b"}) == (
        "keymap: unknown action 'order.by', did you mean 'order.buy'?"
    )


def test_an_unknown_key_is_refused_with_the_nearest_one() -> None:
    text = problem({"kill.halt": "f112"})
    assert "kill.halt: unknown key 'f112', did you mean" in text


def test_a_key_taken_by_another_action_is_refused() -> None:
    assert problem({"view.sort": "b"}) == "keymap: 'b' is both order.buy and view.sort"


def test_a_key_that_works_everywhere_cannot_be_taken_by_a_sheet() -> None:
    assert problem({"ticket.review": "f12"}) == "keymap: 'f12' is both kill.halt and ticket.review"


def test_the_same_key_may_mean_different_things_on_different_screens() -> None:
    keymap = read_keymap()
    assert "b" in keymap.keys["order.buy"]
    assert "b" in keymap.keys["cancel.buys"]


def test_kill_cannot_be_left_with_nothing_but_text_keys() -> None:
    assert problem({"kill.halt": "K"}) == (
        "keymap: kill.halt must keep a key that is not text, such as f12"
    )
    assert read_keymap({"kill.halt": "K,f10"}).text("kill.halt") == "K"


def test_kill_cannot_be_left_without_any_key() -> None:
    assert "kill.halt: unknown key ''" in problem({"kill.halt": ""})


def test_a_key_that_the_terminal_needs_is_refused_with_the_reason() -> None:
    assert problem({"order.buy": "ctrl+z"}) == (
        "keymap: order.buy: ctrl+z cannot be used, it would suspend the engine"
    )


def test_an_action_of_the_palette_has_no_key_to_change() -> None:
    assert problem({"trading.release": "N"}) == (
        "keymap: trading.release can only be reached from the palette"
    )


def test_every_problem_is_named_at_once() -> None:
    text = problem({"nope": "a", "order.buy": "ctrl+z", "view.sort": "s"})
    assert text.count(";") == 2


@pytest.mark.parametrize(
    "name", ["f12", "ctrl+backslash", "a", "slash", "shift+f12", "ctrl+shift+k"]
)
def test_names_that_textual_delivers_are_keys(name: str) -> None:
    assert is_key(name)


@pytest.mark.parametrize("name", ["", "f99", "hyperspace", "ctrl+", "foo+a", "F12 F12"])
def test_other_names_are_not_keys(name: str) -> None:
    assert not is_key(name)


def test_only_bindings_that_work_everywhere_have_priority() -> None:
    assert all(binding.priority for binding in bindings(Scope.EVERYWHERE))
    assert not any(binding.priority for binding in bindings(Scope.MAIN))
    assert {b.id for b in bindings(Scope.EVERYWHERE)} == {
        "kill.halt", "kill.flatten", "palette.show", "app.quit-anywhere",
    }  # fmt: skip

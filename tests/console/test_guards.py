"""Which order keys are believed: stale, held, pasted and moved ones are not."""

from __future__ import annotations

from console.guards import KeyGuard, RowGuard


def pressed(*keys: tuple[str, float]) -> KeyGuard:
    guard = KeyGuard()
    for key, at_s in keys:
        guard.note(key, at_s, text=len(key) == 1 or key == "enter")
    return guard


def test_a_fresh_single_key_is_believed() -> None:
    assert pressed(("b", 10.0)).refusal("b", 10.0, 10.01) is None


def test_a_key_older_than_a_quarter_second_was_typed_into_a_stall() -> None:
    guard = pressed(("b", 10.0))
    assert guard.refusal("b", 10.0, 10.25) is None
    assert guard.refusal("b", 10.0, 10.70) == "700 ms old"


def test_the_same_key_again_within_300_ms_is_held_down() -> None:
    guard = pressed(("c", 10.0), ("c", 10.03))
    assert guard.refusal("c", 10.03, 10.04) == "held down"


def test_the_same_key_again_after_300_ms_is_a_second_press() -> None:
    guard = pressed(("c", 10.0), ("c", 10.31))
    assert guard.refusal("c", 10.31, 10.32) is None


def test_a_key_held_for_long_stays_ignored_to_its_end() -> None:
    guard = pressed(*(("c", 10.0 + n * 0.033) for n in range(60)))
    last = 10.0 + 59 * 0.033
    assert guard.refusal("c", last, last) == "held down"


def test_another_key_in_between_does_not_make_a_held_one_fresh() -> None:
    guard = pressed(("c", 10.0), ("down", 10.1), ("c", 10.2))
    assert guard.refusal("c", 10.2, 10.2) == "held down"


def test_more_than_three_characters_within_150_ms_are_a_paste_and_all_are_dropped() -> None:
    text = [(key, 10.0 + n * 0.001) for n, key in enumerate("buy1")]
    guard = pressed(*text)
    assert [guard.refusal(key, at_s, 10.01) for key, at_s in text] == ["pasted text"] * 4


def test_the_enter_at_the_end_of_a_paste_is_dropped_with_it() -> None:
    guard = pressed(("0", 10.0), (".", 10.0), ("1", 10.0), ("enter", 10.001))
    assert guard.refusal("enter", 10.001, 10.002) == "pasted text"


def test_three_fast_keys_are_a_fast_hand() -> None:
    guard = pressed(("x", 10.0), ("c", 10.05), ("b", 10.1))
    assert guard.refusal("b", 10.1, 10.1) is None


def test_held_cursor_keys_do_not_look_like_a_paste() -> None:
    guard = pressed(*(("down", 10.0 + n * 0.03) for n in range(10)), ("c", 10.35))
    assert guard.refusal("c", 10.35, 10.35) is None


def test_a_row_that_stands_still_is_acted_on() -> None:
    row = RowGuard()
    row.shown("a", 3, 10.0, by_user=True)
    row.shown("a", 3, 10.1)
    assert row.refusal("a", 10.2) is None


def test_an_order_other_than_the_one_shown_is_never_acted_on() -> None:
    row = RowGuard()
    row.shown("a", 3, 10.0, by_user=True)
    assert row.refusal("b", 12.0) == "the row changed; look and press again"


def test_a_row_that_just_moved_needs_a_second_press() -> None:
    row = RowGuard()
    row.shown("a", 3, 10.0, by_user=True)
    row.shown("a", 4, 11.0)
    assert row.refusal("a", 11.2) == "the row just moved; press again"
    assert row.refusal("a", 11.3) is None


def test_a_second_press_on_another_order_is_a_first_one() -> None:
    row = RowGuard()
    row.shown("a", 3, 10.0, by_user=True)
    row.shown("a", 4, 11.0)
    assert row.refusal("a", 11.1) is not None
    row.shown("b", 4, 11.2)
    assert row.refusal("b", 11.3) == "the row just moved; press again"


def test_a_row_is_settled_400_ms_after_it_moved() -> None:
    row = RowGuard()
    row.shown("a", 4, 11.0)
    assert row.refusal("a", 11.5) is None


def test_a_move_of_the_users_own_cursor_asks_for_nothing() -> None:
    row = RowGuard()
    row.shown("a", 3, 10.0, by_user=True)
    row.shown("b", 4, 11.0, by_user=True)
    assert row.refusal("b", 11.05) is None

"""The user's keys: read, checked, and laid over the action table.

Textual accepts unknown key names and lets one action silently take another's key, so nothing
reaches it unchecked. The kill switch always keeps a key that cannot be typed as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from console.actions import ACTIONS, TABLE, Guard, Scope, key_text

if TYPE_CHECKING:
    from textual.binding import Binding

_MODIFIERS = frozenset({"ctrl", "shift", "alt", "super", "hyper", "meta"})
_RESERVED = {
    "ctrl+c": "it copies",
    "ctrl+z": "it would suspend the engine",
    "ctrl+s": "it stops the terminal",
}


class KeymapError(ValueError):
    """A keymap that cannot be used; the text names every problem."""


class Keymap(msgspec.Struct, frozen=True):
    """Checked keys of every action. Build it with `read_keymap`."""

    overrides: Mapping[str, str]
    keys: Mapping[str, tuple[str, ...]]

    def text(self, action_id: str) -> str:
        """The first key of an action as people write it; empty when it has none."""
        keys = self.keys[action_id]
        return key_text(keys[0]) if keys else ""


def bindings(scope: Scope) -> list[Binding]:
    """The Textual bindings of one scope; those that work everywhere have priority."""
    from textual.binding import Binding

    return [
        Binding(
            ",".join(action.keys),
            f"app.act('{action.id}')",
            action.label,
            show=False,
            priority=scope is Scope.EVERYWHERE,
            id=action.id,
        )
        for action in TABLE
        if action.scope is scope and action.keys
    ]


def read_keymap(user: Mapping[str, str | Sequence[str]] | None = None) -> Keymap:
    """Lay `user` (action id -> key, comma list or list of keys) over the table.

    Raises KeymapError naming unknown ids and keys, clashes, and a kill switch left without a key
    that is not text. The table by itself is sound: to say so would mean to wait for Textual.
    """
    if not user:
        return Keymap({}, {action.id: action.keys for action in TABLE})
    given = {
        action_id: tuple(k.strip() for k in (keys.split(",") if isinstance(keys, str) else keys))
        for action_id, keys in user.items()
    }
    problems = [*_bad_ids(given), *_bad_keys(given)]
    keys = {action.id: given.get(action.id, action.keys) for action in TABLE}
    problems += [*_clashes(keys), *_lost_kill(keys)]
    if problems:
        raise KeymapError("keymap: " + "; ".join(problems))
    return Keymap({action_id: ",".join(keys) for action_id, keys in given.items()}, keys)


def is_key(name: str) -> bool:
    """True for a name Textual can deliver: one character, a named key, or modifiers with one."""
    *modifiers, key = name.split("+")
    known = key in _named_keys() or _character(key) is not None
    return bool(key) and known and set(modifiers) <= _MODIFIERS


def _character(key: str) -> str | None:
    """The character that a key types, None when it types none."""
    from textual.keys import REPLACED_KEYS, key_to_character

    return key_to_character(REPLACED_KEYS.get(key, key)) if key else None


@cache
def _named_keys() -> frozenset[str]:
    """Every key that has a name."""
    from textual.keys import Keys

    return frozenset(key.value for key in Keys if not key.value.startswith("<"))


def _near(word: str, choices: Iterator[str] | Sequence[str]) -> str:
    import difflib  # only where something is wrong already

    found = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.5)
    return f", did you mean {found[0]!r}?" if found else ""


def _bad_ids(given: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for action_id in given:
        if action_id not in ACTIONS:
            yield f"unknown action {action_id!r}{_near(action_id, list(ACTIONS))}"
        elif not ACTIONS[action_id].keys:
            yield f"{action_id} can only be reached from the palette"


def _bad_keys(given: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for action_id, keys in given.items():
        for key in keys:
            if not is_key(key):
                yield f"{action_id}: unknown key {key!r}{_near(key, sorted(_named_keys()))}"
            elif key in _RESERVED:
                yield f"{action_id}: {key} cannot be used, {_RESERVED[key]}"


def _clashes(keys: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    seen: dict[tuple[Scope, str], str] = {}
    for action in sorted(TABLE, key=lambda a: a.scope is not Scope.EVERYWHERE):
        for key in keys[action.id]:
            taken = seen.get((Scope.EVERYWHERE, key)) or seen.get((action.scope, key))
            if taken:
                yield f"{key!r} is both {taken} and {action.id}"
            seen[action.scope, key] = action.id


def _lost_kill(keys: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for action in TABLE:
        if action.guard is not Guard.KILL or action.scope is not Scope.EVERYWHERE:
            continue
        if not any(is_key(key) and _character(key) is None for key in keys[action.id]):
            yield f"{action.id} must keep a key that is not text, such as {action.keys[0]}"

"""The action table: ids, keys and texts of everything an operator can do."""

from __future__ import annotations

from console.actions import ACTIONS, TABLE, Guard, Scope, key_text
from console.operations import OPERATIONS
from console.screens.amend import Amend
from console.screens.cancel_chooser import CancelChooser
from console.screens.quit import QuitSheet
from console.screens.ticket import Ticket


def test_every_action_has_an_id_of_its_own_and_a_help_text() -> None:
    assert len(ACTIONS) == len(TABLE)
    assert [a.id for a in TABLE if not a.help.endswith(".") or not a.label] == []


def test_the_keys_of_the_specification_are_the_defaults() -> None:
    expected = {
        "kill.halt": ("f12", "ctrl+backslash"),
        "arm.toggle": ("f8",),
        "order.buy": ("b",),
        "order.sell": ("s",),
        "order.cancel": ("c", "d"),
        "cancel.choose": ("C",),
        "order.modify": ("m",),
        "pos.close-selected": ("X",),
        "view.filter": ("slash",),
        "view.detail": ("enter",),
        "ticket.review": ("enter",),
        "size.preset-1": ("f2",),
        "size.preset-5": ("f6",),
        "panel.6": ("6",),
        "panel.zoom": ("z",),
        "help.show": ("question_mark", "f1"),
        "palette.show": ("ctrl+p",),
        "app.quit": ("q",),
        "app.quit-anywhere": ("ctrl+q",),
    }
    assert {action_id: ACTIONS[action_id].keys for action_id in expected} == expected


def test_the_kill_key_is_alive_everywhere_and_free_of_guards() -> None:
    kill = ACTIONS["kill.halt"]
    assert (kill.scope, kill.guard, kill.trades) == (Scope.EVERYWHERE, Guard.KILL, False)


def test_every_action_is_carried_out_by_an_operation_or_by_its_sheet() -> None:
    sheets = {
        Scope.TICKET: (Ticket, Amend),
        Scope.CHOOSER: (CancelChooser,),
        Scope.QUIT: (QuitSheet,),
    }
    homeless = [a.id for a in TABLE if a.id not in OPERATIONS and a.scope not in sheets]
    assert homeless == []
    assert OPERATIONS.keys() <= ACTIONS.keys()


def test_keys_are_written_as_people_write_them() -> None:
    written = [
        "f12",
        "ctrl+p",
        "ctrl+backslash",
        "question_mark",
        "C",
        "escape",
        "shift+tab",
        "f24",
    ]
    assert [key_text(key) for key in written] == [
        "F12", "^p", "^\\", "?", "C", "Esc", "Shift+Tab", "Shift+F12",
    ]  # fmt: skip

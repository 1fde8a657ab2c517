"""Every action and its keys, from the action table."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from console.actions import TABLE, key_text
from console.keymap import Keymap
from console.screens.sheet import Reader


def help_rows(keymap: Keymap, *, read_only: bool) -> list[tuple[str, str]]:
    """Keys and meaning, a group's name in a row of its own before its actions."""
    rows: list[tuple[str, str]] = []
    group = ""
    for action in TABLE:
        if read_only and action.trades:
            continue
        if action.group != group:
            group = action.group
            rows += [("", ""), ("", group.upper())]
        keys = " ".join(dict.fromkeys(key_text(key) for key in keymap.keys[action.id]))
        if keys:
            rows.append((keys, action.help))
        else:
            rows.append((keymap.text("palette.show"), f"{action.label} · {action.help}"))
    return rows[1:]


class Help(Reader):
    """The help screen."""

    TITLE_TEXT = "HELP"

    def __init__(self, keymap: Keymap, *, read_only: bool) -> None:
        super().__init__()
        self._rows = help_rows(keymap, read_only=read_only)

    def text(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for keys, meaning in self._rows:
            table.add_row(Text(keys, "bold"), Text(meaning, "" if keys else "bold"))
        return table

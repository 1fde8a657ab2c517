"""Which commands have had their effect: the same id twice is the same wish."""

from __future__ import annotations

from collections import OrderedDict

COMMANDS_REMEMBERED = 65_536
"""Command ids kept for deduplication: hours of a busy desk, at some ten bytes each."""


class SeenCommands:
    """The newest command ids, part of `State`."""

    def __init__(self) -> None:
        # Ordered: the oldest key of a plain dict is behind all that were deleted before it.
        self.commands: OrderedDict[str, None] = OrderedDict()

    def has_command(self, command_id: str) -> bool:
        """True when this command was already carried out or refused."""
        return command_id in self.commands

    def remember_command(self, command_id: str) -> None:
        """Note that a command has had its effect; the oldest are forgotten beyond the bound."""
        if not command_id:
            return
        self.commands[command_id] = None
        if len(self.commands) > COMMANDS_REMEMBERED:
            self.commands.popitem(last=False)

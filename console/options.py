"""How one console was asked to run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

ExitPolicy = Literal["ask", "cancel", "leave"]
HangupPolicy = Literal["cancel", "leave"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Plain values from the command line and the configuration.

    `hz` is the most frames a second. `on_exit` says what becomes of open orders when the operator
    quits or the process is told to end ("ask" leaves them where nobody can be asked), `on_hangup`
    when the terminal goes away. `live` makes arming ask for the account's name. `state_dir` is
    where exports go; `by` is the operator's name in the journal.
    """

    hz: float = 10.0
    theme: str = "tradedeck-dark"
    up_color: str = "green"
    ascii: bool = False
    read_only: bool = False
    live: bool = False
    on_exit: ExitPolicy = "ask"
    on_hangup: HangupPolicy = "leave"
    keymap: Mapping[str, str] = msgspec.field(default_factory=dict)
    state_dir: Path = Path()
    by: str = "operator"

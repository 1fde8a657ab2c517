"""Errors that are meant for a person: one line that says what, where and what to do.

TradedeckError
├── InputError (also a ValueError)   what was asked for cannot be understood: nothing was started
│   ├── ConfigError                  a configuration file or a TRADEDECK_* variable
│   └── ScriptError                  a session script
└── ControlError                     the control server cannot start, or no engine answers
"""

from __future__ import annotations

from collections.abc import Iterable


class TradedeckError(Exception):
    """Something a person can put right; the message is complete and fits one line."""


class InputError(TradedeckError, ValueError):
    """A file, an option or a variable that cannot be understood."""


class ConfigError(InputError):
    """A configuration that is refused as a whole."""


class ScriptError(InputError):
    """A session script with a line that is refused."""


class ControlError(TradedeckError):
    """The control server cannot start, or no engine answers on its socket."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "…"?` where one of the known words is near, else an empty text."""
    from difflib import get_close_matches  # only where something is wrong already

    spelled = {item.lower(): item for item in known}
    near = get_close_matches(word.lower(), spelled, n=1)
    return f'; did you mean "{spelled[near[0]]}"?' if near else ""

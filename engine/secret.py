"""A text that must not be shown: it prints as `***`, and only `reveal` gives it away."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Wraps a secret so that no repr, log line, traceback with locals or dump can show it.

    Two secrets are never equal, and none can be copied into a file by accident: it does not
    pickle, and has no JSON.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: hand it to what signs, and to nothing else."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")

"""The exchange's own errors: a request it refuses, a market it cannot play."""

from __future__ import annotations


class Refusal(Exception):
    """A request is refused with a venue code; `status` is the HTTP status it travels under."""

    def __init__(self, code: int, message: str, *, status: int = 200) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class RecordingError(Exception):
    """A recording cannot be played; the text names the file and what is wrong with it."""

"""Ids and symbols of the venue: compared, kept and shown, so only harmless ones are taken."""

from __future__ import annotations

MAX_CHARS = 160


def check_names(text: str) -> None:
    """Raise ValueError unless `text`, one name or several in a row, is short printable ASCII.

    A bad name is refused and not mended: mending it would make another name of it.
    """
    if not (text.isascii() and text.isprintable() and len(text) <= MAX_CHARS):
        raise ValueError(f"{text[:MAX_CHARS]!r} is not a usable name")

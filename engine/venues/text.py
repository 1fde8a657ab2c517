"""The one sanitiser: what a venue wrote becomes plain, short, printable text.

Everything invisible or able to move a terminal is dropped: control bytes (C0, C1, DEL), escape
introducers, format characters (zero-width, BiDi overrides and isolates, tags), surrogates,
private-use and unassigned code points, line and paragraph separators. White space of any kind
becomes one blank. Markup is left as it is: every sink draws these texts as plain cells.
"""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 200

_SPACE = re.compile(r"\s+")
# Category M marks have no width of their own; one on a letter is spelling, a pile of them is an
# attack on the lines above and below.
_MARKS = frozenset({"Mn", "Me"})
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# Letters by category, blanks by shape: Hangul fillers and the empty Braille pattern.
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def sanitise(text: str, max_chars: int = MAX_CHARS) -> str:
    """Return `text` as printable single-line text of at most `max_chars` characters."""
    if len(text) <= max_chars and text.isascii() and text.isprintable():
        return text
    # Bounded before the work, generously: a megabyte of text costs no more than a line of it.
    head = _SPACE.sub(" ", text[: max_chars * 8])
    kept: list[str] = []
    mark_before = False
    for char in head:
        category = unicodedata.category(char)
        is_mark = category in _MARKS
        if category in _DROPPED or char in _BLANK_LETTERS:
            continue
        if is_mark and (mark_before or not kept):
            continue
        mark_before = is_mark
        kept.append(char)
    line = _SPACE.sub(" ", "".join(kept)).strip()
    if len(line) > max_chars or len(text) > max_chars * 8:
        return line[: max_chars - 1] + "…"
    return line

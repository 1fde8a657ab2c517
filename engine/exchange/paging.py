"""Lists in pages, with cursors that stay in step while the list grows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from engine.exchange.errors import Refusal

T = TypeVar("T")
Numbered = tuple[int, T]
Query = Mapping[str, str]
"""A request's query parameters."""

CURSOR = re.compile(r"page_args=(-?[0-9]{1,18})&")


def page_size(query: Query, most: int, default: int) -> int:
    """How many rows a request asks for, at most `most`."""
    try:
        asked = int(query.get("limit") or default)
    except ValueError:
        raise Refusal(10001, "limit is a number") from None
    return max(1, min(asked, most))


def latest_first(items: Sequence[T], query: Query | None = None) -> Iterator[Numbered[T]]:
    """Items of a list that only grows, numbered so that pages stay in step while it does.

    With a query it begins after its cursor: a deep page costs no more than the first one.
    """
    after = None if query is None else _after(query.get("cursor", ""))
    end = len(items) if after is None else min(len(items), -after)
    return ((-index, items[index]) for index in range(end - 1, -1, -1))


def page(
    found: Iterable[Numbered[T]], query: Query, most: int, default: int
) -> tuple[list[T], str]:
    """One page of `found` (numbers ascending) after the cursor, and the next cursor, "" at the end.

    A cursor holds the number of the last row shown and contains percent-escapes, like the venue's
    own: it has to come back exactly as it was given.
    """
    limit = page_size(query, most, default)
    after = _after(query.get("cursor", ""))
    rows: list[T] = []
    last = 0
    for number, item in found:
        if after is not None and number <= after:
            continue
        if len(rows) == limit:
            return rows, f"page_args%3D{last}%26"
        rows.append(item)
        last = number
    return rows, ""


def _after(cursor: str) -> int | None:
    if not cursor:
        return None
    found = CURSOR.fullmatch(cursor)
    if found is None:
        raise Refusal(10001, "cursor invalid: send nextPageCursor back unchanged")
    return int(found[1])

"""Spans of time to ask the venue for, so that it leaves nothing out."""

from __future__ import annotations

from collections.abc import Iterator

MS = 1_000_000  # nanoseconds in a millisecond
WINDOW_MS = 7 * 86_400 * 1_000
"""No list of the venue shows more than this at once, and none says what it left out."""
WINDOWS_MAX = 26
"""Half a year: what is older is not asked for."""


def windows(since_ms: int, now_ms: int) -> Iterator[dict[str, int]]:
    """Yield every span since `since_ms`; the last one ends in the future, for clocks differ."""
    since_ms = max(since_ms, now_ms - WINDOWS_MAX * WINDOW_MS)
    while True:
        yield {"startTime": since_ms, "endTime": since_ms + WINDOW_MS}
        since_ms += WINDOW_MS
        if since_ms > now_ms:
            return

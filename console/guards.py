"""Which order keys to believe: not stale, repeated or pasted ones, and not on a row that moved.

Terminals cannot say that a key is held down, and what was typed during a stall arrives after it.
All times are the monotonic seconds that Textual stamps on key events. Stopping is never guarded.
"""

from __future__ import annotations

from collections import deque

MAX_AGE_S = 0.250
PASTE_WINDOW_S = 0.150
PASTE_KEYS = 3
REPEAT_S = 0.300
ROW_STILL_S = 0.400
SECOND_PRESS_S = 3.0


class KeyGuard:
    """Sees every key as it arrives and judges the ones that trade."""

    def __init__(self) -> None:
        self._typed: deque[float] = deque(maxlen=16)
        self._last: dict[str, tuple[float, float]] = {}

    def note(self, key: str, at_s: float, *, text: bool) -> None:
        """Record one arriving key; `text` when it is a character or Enter, as in a paste."""
        if text:
            self._typed.append(at_s)
        _, latest = self._last.get(key, (-REPEAT_S, -REPEAT_S))
        self._last[key] = (latest, at_s)

    def refusal(self, key: str, at_s: float, now_s: float) -> str | None:
        """Why the order key pressed at `at_s` must be dropped at `now_s`, or None to obey it."""
        if now_s - at_s > MAX_AGE_S:
            return f"{round((now_s - at_s) * 1000)} ms old"
        before = max((t for t in self._last.get(key, ()) if t < at_s), default=at_s - REPEAT_S)
        if at_s - before < REPEAT_S:
            return "held down"
        if sum(abs(at_s - other) <= PASTE_WINDOW_S for other in self._typed) > PASTE_KEYS:
            return "pasted text"
        return None


class RowGuard:
    """Knows which order was shown under the cursor, and when that row last moved."""

    def __init__(self) -> None:
        self._shown: tuple[str | None, int] = (None, -1)
        self._moved_at_s = -ROW_STILL_S
        self._refused: tuple[str | None, float] = (None, -SECOND_PRESS_S)

    def shown(
        self, order_id: str | None, line: int, now_s: float, *, by_user: bool = False
    ) -> None:
        """Record what a frame drew under the cursor: the order and the screen line it is on.

        A change that the user's own cursor keys made (`by_user`) is not a move.
        """
        if (order_id, line) != self._shown:
            if not by_user:
                self._moved_at_s = now_s
            self._shown = (order_id, line)

    def refusal(self, order_id: str | None, now_s: float) -> str | None:
        """Why an action on `order_id` must wait for a second press, or None to obey."""
        if order_id != self._shown[0]:
            return "the row changed; look and press again"
        refused_id, refused_at_s = self._refused
        self._refused = (None, -SECOND_PRESS_S)
        if now_s - self._moved_at_s >= ROW_STILL_S:
            return None
        if refused_id == order_id and now_s - refused_at_s < SECOND_PRESS_S:
            return None
        self._refused = (order_id, now_s)
        return "the row just moved; press again"

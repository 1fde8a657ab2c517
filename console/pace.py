"""How long frames take and how late they come, as medians that change at most once a second."""

from __future__ import annotations

from statistics import median

RENEW_S = 1.0


class Pace:
    """Fed with every frame that was drawn; a figure about frames never causes one."""

    def __init__(self) -> None:
        self.frame_ms = 0.0
        self.lag_ms = 0.0
        self._frames: list[float] = []
        self._lags: list[float] = []
        self._renewed_s = 0.0

    def note(self, now_s: float, frame_s: float, lag_s: float) -> None:
        """Record one frame drawn at monotonic `now_s`, in `frame_s`, `lag_s` later than planned."""
        self._frames.append(frame_s * 1000)
        self._lags.append(lag_s * 1000)
        if now_s - self._renewed_s >= RENEW_S:
            self.frame_ms, self.lag_ms = median(self._frames), median(self._lags)
            self._frames.clear()
            self._lags.clear()
            self._renewed_s = now_s

"""What the console itself knows, and the panels show, besides the engine's state."""

from __future__ import annotations

import msgspec

from console.glyphs import UNICODE, Glyphs


class UiState(msgspec.Struct, kw_only=True):
    """Plain values that the app sets before each frame.

    `symbol` is the ladder's; `arm` is SAFE, ARMED or READ-ONLY with `arm_left_s` seconds to go
    (0: no clock); `size` is the ladder's order size as it is shown. `frame_ms` and `loop_lag_ms`
    are medians that the app renews at most once a second, and only after frames were drawn:
    a figure about frames must not cause frames.
    """

    symbol: str = ""
    arm: str = "SAFE"
    arm_left_s: float = 0.0
    arm_key: str = "F8"
    size: str = ""
    tty_slow: bool = False
    frame_ms: float = 0.0
    loop_lag_ms: float = 0.0
    glyphs: Glyphs = UNICODE

"""Replay view: where a recorded market stands."""

from __future__ import annotations

import msgspec

from console import format as fmt
from console.glyphs import Glyphs
from console.replica import Replica
from console.views.cells import Cell, Line
from engine.core.status import ReplayStatus


class ReplayView(msgspec.Struct, kw_only=True):
    """`fraction` of the recording behind us (0 to 1), with text before and after the bar."""

    fraction: float
    before: Line
    after: Line
    full: str
    empty: str


def view(replica: Replica, glyphs: Glyphs) -> ReplayView | None:
    """The recording's progress; None on a market that is not recorded."""
    replay = replica.status.replay if replica.status else None
    if replay is None:
        return None
    length_ns = max(1, replay.last_ts - replay.first_ts)
    fraction = min(1.0, max(0.0, (replay.now_ts - replay.first_ts) / length_ns))
    word, sign, style = "PLAYING", glyphs.play, "good"
    if replay.finished:
        word, sign, style = "FINISHED", glyphs.ok, "value"
    elif replay.paused:
        word, sign, style = "PAUSED", glyphs.pause, "warn"
    done = fmt.countdown((replay.now_ts - replay.first_ts) / fmt.NS)
    whole = fmt.countdown(length_ns / fmt.NS)
    return ReplayView(
        fraction=fraction,
        before=(
            Cell(f" {sign} {word} ", style),
            Cell(f"{_speed(replay.speed)} ", "value"),
            Cell(f"{fmt.clock(replay.now_ts)} ", "text"),
        ),
        after=(
            Cell(f" {fraction:4.0%} ", "value"),
            Cell(f"{done} / {whole} ", "muted"),
            *_faults(replay, glyphs),
        ),
        full=glyphs.bar_full,
        empty=glyphs.bar_empty,
    )


def _faults(replay: ReplayStatus, glyphs: Glyphs) -> Line:
    """What of the recording could not be read, and so is not played."""
    if not replay.faults:
        return ()
    lines = f"{fmt.count(replay.faults)} bad line{'' if replay.faults == 1 else 's'}"
    return (Cell(f"{glyphs.bad} {lines} {fmt.clip(replay.fault, 60, more=glyphs.more)} ", "warn"),)


def _speed(speed: str) -> str:
    return f"{speed}x" if speed.replace(".", "").isdigit() else speed

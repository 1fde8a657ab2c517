"""Banner view: mode, halt, arming, account, link, drift, P&L, open orders, clock; what must fit.

Every item has a long and a short form and a rank. `lay_out` shortens, then drops the items of the
highest rank, until the rest fits: the mode and a halt stay at any width. Before anything of rank 5
or less goes, items are cut to their least form, where they have one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len

from console import format as fmt
from console.glyphs import Glyphs
from console.replica import Replica
from console.ui_state import UiState
from console.views.cells import Cell, Line
from console.views.positions import money_cell
from engine.core.ledger.pnl import Totals
from engine.core.reports import Scope
from engine.core.status import EngineStatus
from engine.core.trading import KillRecord
from engine.core.types import NS, TradingState

MODE_STYLES = {"LIVE": "mode-live", "REPLAY": "mode-replay"} | dict.fromkeys(
    ("PAPER", "LOCAL", "DEMO", "TESTNET"), "mode-paper"
)
"""Red is real money and nothing else."""

WHY_CELLS = 44
CUT_RANK = 5
"""Drift, the link and what ranks before them: sooner than they go, the others say less."""


class Item(msgspec.Struct, frozen=True):
    """One thing the banner says. A lower `rank` outlives a higher one.

    `least` is what an item comes down to that says more in its short form than it must.
    """

    rank: int
    long: Line
    short: Line
    least: Line = ()

    def cut(self) -> Item:
        """The same in its least form."""
        return Item(self.rank, self.least, self.least) if self.least else self


class BannerView(msgspec.Struct, kw_only=True):
    """Items from left to right; `bar` is a meaning that colours the whole banner, or empty."""

    items: tuple[Item, ...]
    bar: str = ""
    separator: str = "│"


def view(replica: Replica, totals: Sequence[Totals], ui: UiState, stale_s: float) -> BannerView:
    """The banner of this frame. `stale_s` is the engine's silence in seconds, 0 while it talks."""
    state, status = replica.state, replica.status
    made = (
        _mode(status),
        _halt(replica, ui.glyphs),
        _away(status, ui.glyphs),
        _account(state.account or (status.account if status else "")),
        _arm(ui),
        _breaker(status),
        _link(status, stale_s, ui.glyphs),
        _dcp(status, ui.glyphs),
        _drift(status, replica.engine_ns, ui.glyphs),
        _open(replica, ui.glyphs),
        *_pnl(totals, ui.glyphs),
        _tty(ui),
        _clock(replica.engine_ns),
    )
    return BannerView(
        items=tuple(item for item in made if item is not None),
        bar="halted" if is_blocked(replica) or not _has_joined(status) else "",
        separator=ui.glyphs.separator,
    )


def is_blocked(replica: Replica) -> bool:
    """True when the account is HALTED, or the router's gate is already closed."""
    gate_open = replica.status.gate_open if replica.status else True
    return replica.state.trading is TradingState.HALTED or not gate_open


def lay_out(view: BannerView, width: int, lines: int) -> tuple[Line, ...]:
    """The banner's lines, `lines` of them, each at most `width` cells wide."""
    short = False
    items = list(view.items)
    while True:
        flowed = _flow(items, width, lines, view.separator, short=short)
        if flowed is not None:
            return flowed
        last = max(items, key=lambda item: item.rank)
        if not short:
            short = True
        elif last.rank <= CUT_RANK and any(item.least for item in items):
            items = [item.cut() for item in items]
        elif len(items) > 1:
            items.remove(last)
        else:
            return (items[0].short, *((),) * (lines - 1))


def _flow(
    items: Sequence[Item], width: int, lines: int, separator: str, *, short: bool
) -> tuple[Line, ...] | None:
    """Items from left to right over the lines; None when they do not fit."""
    made: list[Line] = []
    gap = Cell(separator if short else f" {separator} ", "rule")
    used = 0
    for item in items:
        cells = item.short if short else item.long
        wide = _width(cells)
        if made and used + len(gap.text) + wide <= width:
            made[-1] = (*made[-1], gap, *cells)
            used += len(gap.text) + wide
            continue
        if made:
            cells, wide = (Cell(" "), *cells), wide + 1
        made.append(cells)
        used = wide
        if wide > width or len(made) > lines:
            return None
    return (*made, *((),) * (lines - len(made)))


def _width(line: Line) -> int:
    return sum(cell_len(cell.text) for cell in line)


def _same(rank: int, *cells: Cell) -> Item:
    return Item(rank, cells, cells)


def _mode(status: EngineStatus | None) -> Item:
    mode = status.mode.upper() if status else "STARTING"
    return _same(0, Cell(f" {mode} ", MODE_STYLES.get(mode, "muted")))


def _halt(replica: Replica, glyphs: Glyphs) -> Item | None:
    state = replica.state
    if state.trading is TradingState.REDUCING:
        return _same(1, Cell("REDUCING only", "warn"))
    if not is_blocked(replica):
        return None
    word = "HALTED" if state.trading is TradingState.HALTED else f"HALTING{glyphs.more}"
    progress = kill_progress(state.kill) if state.kill else ""
    return Item(1, (Cell(f"{word} {progress}".rstrip(), "halted"),), (Cell(word, "halted"),))


def _has_joined(status: EngineStatus | None) -> bool:
    return status is None or status.join.joined


def _away(status: EngineStatus | None, glyphs: Glyphs) -> Item | None:
    """A venue that this run has not reached yet: what is on screen is from the journal alone.

    Why is said as far as there is room: what it hides is not current anyway.
    """
    if status is None or status.join.joined:
        return None
    join, left = status.join, ""
    if join.retry_ts:
        left = f" {fmt.countdown(max(0, join.retry_ts - status.ts) / NS)}"
    word = f"VENUE {join.state.upper()}"
    why = f": {fmt.clip(join.error, WHY_CELLS, more=glyphs.more)}" if join.error else ""
    long = f"{word}, retry{left}" if left else word
    least = f"{word}{left}"
    return Item(
        1,
        (Cell(f"{long}{why}", "halted"),),
        (Cell(f"{least}{why}", "halted"),),
        least=(Cell(least, "halted"),),
    )


def kill_progress(kill: KillRecord) -> str:
    """How far the newest use of the kill switch has come."""
    if kill.verified_zero_at:
        return f"{kill.level}: verified zero {fmt.clock(kill.verified_zero_at)}"
    if kill.done:
        return f"{kill.level}: INCOMPLETE, {len(kill.residual)} left"
    if kill.first_cancel_at:
        return f"{kill.level}: {len(kill.residual)} of {len(kill.targets)} left"
    return f"{kill.level}: cancels {len(kill.targets)}"


def _account(name: str) -> Item | None:
    if not name:
        return None
    return Item(3, (Cell("acct ", "muted"), Cell(name, "value")), (Cell(name, "value"),))


def _arm(ui: UiState) -> Item:
    left = f" {fmt.countdown(ui.arm_left_s)}" if ui.arm_left_s > 0 else ""
    style = "armed" if ui.arm == "ARMED" else "safe"
    word = f" {ui.arm}{left} " if ui.arm == "ARMED" else f"{ui.arm}{left}"
    hint = (Cell(f" ({ui.arm_key} arm)", "muted"),) if ui.arm == "SAFE" else ()
    return Item(2, (Cell(word, style), *hint), (Cell(word, style),))


def _link(status: EngineStatus | None, stale_s: float, glyphs: Glyphs) -> Item:
    if status is None:
        return _same(4, Cell(f"link {glyphs.none}", "muted"))
    if stale_s:
        return _same(4, Cell(f"STALE {fmt.age(stale_s, whole=True)}", "state-unknown"))
    down = [
        name
        for name, up in (("private", status.private_up), ("market", status.public_up))
        if not up
    ]
    if down:
        return Item(
            4,
            (Cell(f"link {glyphs.down} {' and '.join(down)} down", "bad"),),
            (Cell(f"link{glyphs.down}", "bad"),),
        )
    if not status.ready:
        return _same(4, Cell(f"link {glyphs.up} reconciling{glyphs.more}", "warn"))
    place = next((r for r in status.requests if r.kind == "place" and r.count), None)
    took = f"{place.p50_s * 1000:.0f}ms" if place else ""
    long = (Cell("link ", "muted"), Cell(f"{glyphs.up} {took}".rstrip(), "good"))
    return Item(4, long, (Cell("link", "muted"), Cell(f"{glyphs.up}{took}", "good")))


def _breaker(status: EngineStatus | None) -> Item | None:
    """What is not sent because the venue does not answer, and how long that lasts at least."""
    found = [b for b in status.breakers if not b.closed] if status else []
    if status is None or not found:
        return None
    left_s = max(0, max(b.probe_ts for b in found) - status.ts) / NS
    word = "BANNED" if any(b.held for b in found) else "BREAKER"
    names = " ".join(b.name for b in found)
    left = fmt.countdown(left_s)
    whole = (Cell(f"{word} {names} {left}", "bad"),)
    return Item(3, whole, whole, least=(Cell(f"{word} {left}", "bad"),))


def _dcp(status: EngineStatus | None, glyphs: Glyphs) -> Item | None:
    """The venue's own protection against losing us, where it was asked for."""
    if status is None or not status.dcp.wanted_s:
        return None
    dcp = status.dcp
    mark, style = (glyphs.ok, "good") if dcp.holds else (glyphs.fail, "bad")
    if not dcp.read_ts:
        mark, style = glyphs.more, "warn"
    return _same(6, Cell(f"DCP{dcp.wanted_s}s", "muted"), Cell(mark, style))


def _drift(status: EngineStatus | None, now_ns: int, glyphs: Glyphs) -> Item | None:
    """How many differences there are; what was found a while ago is not called current."""
    if status is None:
        return None
    reconcile = status.reconcile
    drift = len(reconcile.drift)
    if reconcile.drift_ts and reconcile.is_stale(Scope.POSITIONS, now_ns):
        age = fmt.age((now_ns - reconcile.drift_ts) / NS, whole=True)
        figure = Cell(f"~{drift} {glyphs.unknown} ({age})", "stale")
        short = Cell(f"~{drift}{glyphs.unknown}{age}", "stale")
        name = Cell("drift ", "muted")
        return Item(5, (name, figure), (name, short))
    if drift:
        return _same(5, Cell(f"drift {drift} {glyphs.fail}", "bad"))
    checked = reconcile.last_ok_ts > 0
    mark = Cell(glyphs.ok, "good") if checked else Cell(glyphs.unknown, "warn")
    name = Cell("drift ", "muted")
    return Item(5, (name, Cell("0 "), mark), (name, Cell("0"), mark))


def _open(replica: Replica, glyphs: Glyphs) -> Item:
    cells = [Cell("open ", "muted"), Cell(fmt.count(len(replica.open_ids)), "value")]
    unknown = len(replica.unknown_ids)
    if unknown:
        cells.append(Cell(f" {glyphs.unknown}{unknown} UNKNOWN", "state-unknown"))
    return _same(7, *cells)


def _pnl(totals: Sequence[Totals], glyphs: Glyphs) -> tuple[Item, ...]:
    """Unrealized outlives realized: what can still be lost comes first."""
    if not totals:
        return ()
    total = totals[0]
    currency = f"{total.currency} " if len(totals) > 1 else ""
    return (
        _same(6, Cell(f"uPnL {currency}", "muted"), money_cell(total.unrealized_pnl, glyphs)),
        _same(8, Cell(f"rPnL {currency}", "muted"), money_cell(total.realized_pnl, glyphs)),
    )


def _tty(ui: UiState) -> Item | None:
    return _same(2, Cell("TTY SLOW", "warn")) if ui.tty_slow else None


def _clock(now_ns: int) -> Item:
    text = fmt.clock(now_ns)
    return Item(9, (Cell(f"{text} UTC", "text"),), (Cell(text, "text"),))

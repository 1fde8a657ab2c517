"""One drawing of the whole console: a view for each panel, made from the replica."""

from __future__ import annotations

import msgspec

from console.replica import Changes, Replica
from console.ui_state import UiState
from console.views import banner, blotter, events, ladder, positions, recon, replay, requests
from engine.core.ledger.pnl import totals


class Frame(msgspec.Struct, kw_only=True):
    """Everything the widgets need for one repaint. `replay` is None on a market that is live."""

    banner: banner.BannerView
    blotter: blotter.BlotterView
    positions: positions.PositionsView
    ladder: ladder.LadderView
    requests: requests.RequestsView
    recon: recon.ReconView
    events: events.EventsView
    replay: replay.ReplayView | None


def build_frame(replica: Replica, changes: Changes, ui: UiState, now_ns: int) -> Frame:
    """Draw the replica. `now_ns` is the console's clock: it tells how long the engine is silent."""
    stale_s = replica.stale_s(now_ns)
    stale, glyphs = stale_s > 0, ui.glyphs
    sums = tuple(totals(replica.state.positions.positions.values()).values())
    return Frame(
        banner=banner.view(replica, sums, ui, stale_s),
        blotter=blotter.view(replica, changes, glyphs, stale=stale),
        positions=positions.view(replica, sums, glyphs, stale=stale),
        ladder=ladder.view(replica, ui.symbol, ui.size, glyphs, stale=stale),
        requests=requests.view(replica, ui, stale=stale),
        recon=recon.view(replica, glyphs, stale=stale),
        events=events.view(replica, glyphs, stale=stale),
        replay=replay.view(replica, glyphs),
    )

"""One frame holds a view for every panel, made from the replica and nothing else."""

from __future__ import annotations

from console.frame import build_frame
from console.replica import Changes, Replica
from console.ui_state import UiState
from tests.console.fakes import NOW, NS, busy_link, replaying


def test_a_frame_has_a_view_for_every_panel() -> None:
    link, replica = busy_link(), Replica()
    link.tell(replaying())
    changes = replica.apply(link.poll(), NOW)
    frame = build_frame(replica, changes, UiState(symbol="BTCUSDT"), NOW)
    assert frame.banner.items
    assert frame.blotter.changed == changes.orders
    assert frame.positions.keys == ("BTCUSDT", "ETHUSDT")
    assert frame.ladder.symbol == "BTCUSDT"
    assert frame.requests.keys == ("place", "cancel", "amend")
    assert frame.recon.head
    assert len(frame.events.log) == replica.state.seq
    assert frame.replay is not None


def test_a_replica_that_knows_nothing_can_be_drawn() -> None:
    frame = build_frame(Replica(), Changes(), UiState(), NOW)
    assert (frame.positions.keys, frame.ladder.centre, frame.replay) == ((), None, None)


def test_when_the_engine_is_silent_every_panel_is_stale() -> None:
    replica = Replica()
    changes = replica.apply(busy_link().poll(), NOW)
    frame = build_frame(replica, changes, UiState(symbol="BTCUSDT"), NOW + 3 * NS)
    panels = (frame.blotter, frame.positions, frame.ladder, frame.requests, frame.recon)
    assert all(panel.stale for panel in (*panels, frame.events))

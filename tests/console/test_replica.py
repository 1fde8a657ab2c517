"""The console folds what its link delivers, all of it, in order, or not at all."""

from __future__ import annotations

from decimal import Decimal as D

import msgspec
import pytest

from console.replica import DENIALS_KEPT, PNL_KEPT, Changes, Replica, ReplicaGap
from engine.core import events as ev
from engine.core.events import EventType
from engine.core.market import TradeTick
from engine.core.status import Envelope, LinkUpdate
from tests.console.fakes import (
    BTC,
    BUY,
    MARKS,
    NOW,
    NS,
    FakeLink,
    book,
    busy_link,
    fill,
    happened,
    order_events,
    quote,
    status,
)


def _loaded() -> tuple[FakeLink, Replica]:
    link, replica = busy_link(), Replica()
    replica.apply(link.poll(), NOW)
    return link, replica


def test_the_replica_is_the_engines_state() -> None:
    link, replica = _loaded()
    assert replica.state.seq == link.state.seq
    assert replica.state.orders.persist_to_dict() == link.state.orders.persist_to_dict()


def test_changes_name_the_orders_and_count_the_events() -> None:
    link, replica = _loaded()
    link.push(happened("c-004", EventType.CANCEL_REQUEST, 0))
    link.push(*order_events("c-012", BTC, BUY, "0.100", "60900.0", 0))
    changes = replica.apply(link.poll(), NOW)
    assert changes == Changes(orders={"c-004", "c-012"}, events=3)


def test_nothing_new_is_no_change() -> None:
    _, replica = _loaded()
    assert not replica.apply(LinkUpdate(), NOW)


def _forgetful(kept: int) -> tuple[FakeLink, Replica]:
    link, replica = _loaded()
    link.push(
        ev.EngineStarted(
            ts=NOW, account="paper", venue="bybit", environment="local", run=2, closed_kept=kept
        )
    )
    replica.apply(link.poll(), NOW)
    return link, replica


def test_changes_carry_the_orders_that_left_memory_as_they_were() -> None:
    link, replica = _forgetful(5)
    link.push(happened("c-004", EventType.CANCEL_ACK, 0))
    changes = replica.apply(link.poll(), NOW)
    assert changes.orders == {"c-004"}
    assert list(changes.gone) == ["c-001"]
    assert changes.gone["c-001"].cum_qty == D("0.700")
    assert replica.order("c-001") is None
    assert replica.state.orders.count == 11


def test_a_recalled_order_is_there_again_and_pushes_another_out() -> None:
    link, replica = _forgetful(5)
    link.push(happened("c-004", EventType.CANCEL_ACK, 0))
    gone = replica.apply(link.poll(), NOW).gone["c-001"]
    link.push(ev.OrderRecalled(ts=NOW, client_order_id="c-001", order=gone))
    changes = replica.apply(link.poll(), NOW)
    assert (changes.orders, list(changes.gone)) == ({"c-001"}, ["c-002"])
    assert replica.order("c-001") == gone
    assert replica.order("c-001") is not gone
    assert replica.state.orders.persist_to_dict() == link.state.orders.persist_to_dict()


def test_working_and_unknown_orders_are_kept_count_of() -> None:
    link, replica = _loaded()
    assert replica.open_ids == {"c-003", "c-004", "c-005", "c-006", "c-010", "c-011"}
    assert replica.unknown_ids == {"c-006"}
    link.push(happened("c-006", EventType.ORDER_ACK, 0, exchange_order_id="x-6"))
    link.push(happened("c-004", EventType.CANCEL_ACK, 0))
    replica.apply(link.poll(), NOW)
    assert replica.unknown_ids == set()
    assert "c-004" not in replica.open_ids


def test_own_levels_follow_the_orders() -> None:
    link, replica = _loaded()
    assert replica.levels.quantities("BTCUSDT")[(BUY, D("60999.0"))] == D("0.300")
    link.push(fill("c-003", "e-9", "0.300", "60999.0", 0, full=True))
    replica.apply(link.poll(), NOW)
    assert (BUY, D("60999.0")) not in replica.levels.quantities("BTCUSDT")


def test_a_gap_is_refused_and_nothing_of_the_update_is_taken_in() -> None:
    link, replica = _loaded()
    link.push(*order_events("c-012", BTC, BUY, "0.100", "60900.0", 0))
    update = link.poll()
    seq = replica.state.seq
    del update.events[0]
    with pytest.raises(ReplicaGap, match=f"event {seq + 1} is missing: the next one is {seq + 2}"):
        replica.apply(update, NOW)
    assert replica.state.seq == seq
    assert replica.order("c-012") is None


def test_a_gap_in_the_middle_is_refused_as_a_whole() -> None:
    link, replica = _loaded()
    link.push(*order_events("c-012", BTC, BUY, "0.100", "60900.0", 0))
    link.push(happened("c-012", EventType.CANCEL_REQUEST, 0))
    update = link.poll()
    del update.events[1]
    with pytest.raises(ReplicaGap):
        replica.apply(update, NOW)
    assert replica.order("c-012") is None


def test_events_that_were_folded_already_are_skipped() -> None:
    link, replica = _loaded()
    link.push(*order_events("c-012", BTC, BUY, "0.100", "60900.0", 0))
    update = link.poll()
    replica.apply(update, NOW)
    changes = replica.apply(LinkUpdate(events=update.events), NOW)
    assert not changes
    assert replica.state.seq == link.state.seq


def test_a_snapshot_replaces_everything_and_its_tail_is_folded() -> None:
    link, late = busy_link(), Replica()
    late.apply(LinkUpdate(events=[Envelope(1, ev.Reconciled(ts=1))]), NOW)
    snapshot, seq = link.state.encode(), link.state.seq
    events = link.poll().events
    link.push(happened("c-004", EventType.CANCEL_ACK, 0))
    update = LinkUpdate(
        snapshot=snapshot, snapshot_seq=seq, events=[*events[-3:], *link.poll().events]
    )
    changes = late.apply(update, NOW)
    assert changes.reset
    assert changes.orders == {"c-004"}
    assert late.state.orders.persist_to_dict() == link.state.orders.persist_to_dict()
    assert late.open_ids == {"c-003", "c-005", "c-006", "c-010", "c-011"}
    assert late.levels.order_ids("BTCUSDT", D("60999.0")) == ("c-003",)
    assert [entry.seq for entry in late.log] == [seq + 1]


def test_a_snapshot_of_an_earlier_moment_sets_the_clock_back() -> None:
    link, replica = _loaded()
    earlier = status(ts=NOW - 60 * NS)
    replica.apply(
        LinkUpdate(snapshot=link.state.encode(), snapshot_seq=link.state.seq, status=earlier), NOW
    )
    assert replica.engine_ns == NOW - 60 * NS


def test_marks_price_positions_before_and_after_a_snapshot() -> None:
    link, replica = _loaded()
    assert replica.state.positions.positions["BTCUSDT"].mark_price == MARKS["BTCUSDT"]
    update = LinkUpdate(snapshot=link.state.encode(), snapshot_seq=link.state.seq)
    replica.apply(update, NOW)
    assert replica.state.positions.positions["BTCUSDT"].mark_price == MARKS["BTCUSDT"]


def test_a_quote_without_a_mark_leaves_a_position_unpriced() -> None:
    replica = Replica()
    link = FakeLink()
    link.push(*order_events("a", BTC, BUY, "1.000", "60000.0", 2))
    link.push(fill("a", "e", "1.000", "60000.0", 1, full=True))
    update = link.poll()
    update.quotes["BTCUSDT"] = msgspec.structs.replace(quote(BTC), mark=None)
    replica.apply(update, NOW)
    assert replica.state.positions.positions["BTCUSDT"].unrealized_pnl is None
    assert not replica.pnl_history


def test_the_market_is_kept_newest_only() -> None:
    _, replica = _loaded()
    tick = TradeTick(symbol="BTCUSDT", side=BUY, qty=D("0.1"), price=D("61000.1"), ts=NOW)
    newer = msgspec.structs.replace(tick, price=D("61000.2"))
    changes = replica.apply(LinkUpdate(books={"BTCUSDT": book(BTC)}, trades=[tick, newer]), NOW)
    assert changes == Changes(market=True)
    assert replica.last_trades == {"BTCUSDT": newer}
    assert replica.books["BTCUSDT"].bids[0][0] == D("60999.90")


def test_the_log_tells_the_state_before_and_after() -> None:
    link, replica = _loaded()
    link.push(happened("c-004", EventType.CANCEL_REQUEST, 0))
    replica.apply(link.poll(), NOW)
    assert (replica.log[-1].before, replica.log[-1].after) == ("New", "PendingCancel")
    assert replica.log[-1].seq == link.state.seq


def test_an_event_about_the_account_has_no_order_state() -> None:
    link, replica = _loaded()
    link.push(ev.Reconciled(ts=NOW))
    changes = replica.apply(link.poll(), NOW)
    assert (replica.log[-1].before, replica.log[-1].after) == ("", "")
    assert changes == Changes(events=1)


def test_a_restart_of_the_engine_is_a_reset() -> None:
    link, replica = _loaded()
    link.push(ev.EngineStarted(ts=NOW, account="paper", venue="bybit", environment="local", run=2))
    assert replica.apply(link.poll(), NOW).reset


def test_silence_is_measured_by_the_consoles_clock() -> None:
    replica = Replica()
    assert replica.stale_s(5 * NS) == 0.0
    replica.apply(LinkUpdate(status=status()), 10 * NS)
    assert replica.stale_s(12 * NS) == 0.0
    assert replica.stale_s(13 * NS) == 3.0
    assert replica.engine_ns == NOW


def test_the_engines_clock_never_goes_back_by_a_late_event() -> None:
    link, replica = _loaded()
    link.push(happened("c-004", EventType.CANCEL_REQUEST, 30))
    replica.apply(link.poll(), NOW)
    assert replica.engine_ns == NOW


def test_the_pnl_history_has_a_point_a_second_and_a_bound() -> None:
    _, replica = _loaded()
    first = len(replica.pnl_history)
    for step in range(1, 31):
        replica.apply(LinkUpdate(status=status(ts=NOW + step * NS // 10)), NOW)
    assert len(replica.pnl_history) == first + 3
    for step in range(PNL_KEPT + 10):
        replica.apply(LinkUpdate(status=status(ts=NOW + (10 + step) * NS)), NOW)
    assert len(replica.pnl_history) == PNL_KEPT


def test_a_status_that_says_the_same_again_is_no_change_but_a_sign_of_life() -> None:
    replica = Replica()
    assert replica.apply(LinkUpdate(status=status()), NOW).status
    again = replica.apply(LinkUpdate(status=status()), NOW + 3 * NS)
    assert not again
    assert replica.stale_s(NOW + 4 * NS) == 0
    assert replica.apply(LinkUpdate(status=status(error="disk full")), NOW + 4 * NS).status


def test_a_denial_is_measured_as_it_is_folded_and_of_a_flood_the_newest() -> None:
    replica = Replica()
    link = busy_link()
    replica.apply(link.poll(), NOW)
    denied = [
        ev.OrderDenied(
            ts=NOW, command_id=f"k{n}", client_order_id=f"z{n}", symbol="BTCUSDT", side=BUY,
            qty=D("0.002"), price=D(90_000), code="PRICE_COLLAR", reference=D(61_000),
        )
        for n in range(40)
    ]  # fmt: skip
    link.push(*denied)
    replica.apply(link.poll(), NOW)
    assert list(replica.explanations)[1:] == [f"z{n}" for n in range(8, 40)]
    readings = {r.code: r.passed for r in replica.explanations["z39"].readings}
    assert readings["PRICE_COLLAR"] is False
    assert readings["MAX_OPEN_ORDERS"] is True


def test_only_so_many_explanations_are_kept() -> None:
    replica = Replica()
    link = busy_link()
    for n in range(DENIALS_KEPT + 1):
        link.push(
            ev.OrderDenied(
                ts=NOW, command_id=f"k{n}", client_order_id=f"z{n}", symbol="XUSDT", side=BUY,
                qty=D(1), code="UNKNOWN_SYMBOL",
            )
        )  # fmt: skip
        replica.apply(link.poll(), NOW)
    assert len(replica.explanations) == DENIALS_KEPT
    assert "z0" not in replica.explanations

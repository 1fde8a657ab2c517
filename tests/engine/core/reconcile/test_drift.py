from __future__ import annotations

from collections.abc import Iterable

import pytest

from engine.core.context import Context, Policy
from engine.core.events import Drift, Reconciled, TradingStateChanged
from engine.core.reconcile.drift import CHANGING_ROUNDS, Differences, find_differences, narrow
from engine.core.reconcile.evidence import Ignored, Promise
from engine.core.reconcile.holdings import Holding
from engine.core.reports import EVERYTHING, AccountSnapshot, Scope
from engine.core.state import evolve
from engine.core.types import DriftKind, TradingState
from tests.support.desk import NS, Desk, d, fill, row

BTC = "BTCUSDT"
UNLISTED = EVERYTHING - {Scope.FILLS}


def look(
    desk: Desk,
    ours: str = "0",
    venue: str = "0",
    *,
    averages: tuple[str, str] | None = None,
    scopes: frozenset[Scope] = EVERYTHING,
    asked_ns: int | None = None,
    rounds: int = 2,
) -> Differences:
    """Compare once, and believe what is found, as a result in the journal would."""
    mine, theirs = (None, None) if averages is None else map(d, averages)
    snapshot = AccountSnapshot(
        open_orders=(),
        positions=(),
        fills=(),
        sent_ts=desk.now_ns if asked_ns is None else asked_ns,
        duration_s=0.0,
        scopes=scopes,
    )
    held = [Holding(BTC, d(ours), d(venue), mine, theirs)]
    found = find_differences(desk.state, snapshot, held, context(desk, rounds))
    evolve(desk.state, Reconciled(ts=desk.now_ns, drift=found.drift, noted=found.noted))
    return found


def context(desk: Desk, rounds: int = 2) -> Context:
    policy = Policy(drift_rounds=rounds)
    return Context(now_ns=desk.now_ns, quotes=desk.quotes, policy=policy)


def quantities(found: Iterable[Drift]) -> list[tuple[str, str]]:
    return [(str(drift.kind), str(drift.qty)) for drift in found]


def test_a_difference_is_drift_when_two_comparisons_in_a_row_show_it() -> None:
    desk = Desk()
    found = look(desk, "0", "0.5")
    assert (found.drift, found.open) == ((), True)
    first_ts = desk.now_ns
    desk.later(1)
    found = look(desk, "0", "0.5")
    (drift,) = found.drift
    assert (drift.symbol, drift.ours, drift.venue, drift.qty) == (BTC, d(0), d("0.5"), d("0.5"))
    assert (drift.since_ts, drift.kind, found.open) == (first_ts, DriftKind.UNEXPLAINED, False)
    assert desk.state.suspects == {}


def test_drift_stays_drift_with_its_age_while_it_changes() -> None:
    desk = Desk()
    first_ts = desk.now_ns
    found = Differences()
    for venue in ("0.5", "0.5", "0.7"):
        found = look(desk, "0", venue)
        desk.later(1)
    assert [(drift.qty, drift.since_ts) for drift in found.drift] == [(d("0.7"), first_ts)]


def test_a_difference_that_goes_away_was_none() -> None:
    desk = Desk()
    look(desk, "0", "0.5")
    assert look(desk, "0.5", "0.5") == Differences()
    assert look(desk, "0", "0.5").drift == ()


def test_only_comparisons_that_have_listed_the_executions_count() -> None:
    desk = Desk()
    for _ in range(5):
        found = look(desk, "0", "0.5", scopes=UNLISTED)
        assert (found.drift, found.open) == ((), True)
    assert look(desk, "0", "0.5").drift == ()
    assert look(desk, "0", "0.5").drift != ()


def test_f41_a_difference_that_is_another_one_each_time_is_believed_in_the_end() -> None:
    desk = Desk()
    for number in range(1, CHANGING_ROUNDS):
        assert look(desk, "0", f"0.{number}").drift == ()
    assert quantities(look(desk, "0", "0.9").drift) == [("unexplained", "0.9")]


def test_a_fill_since_the_question_makes_a_difference_pending_and_it_is_not_counted() -> None:
    desk = Desk()
    desk.working(qty=d(9))
    for number in range(6):
        asked_ns = desk.now_ns
        desk.later(0.01)
        desk.give(fill(f"e{number}", "0.1"))
        found = look(desk, "0.1", "0.3", asked_ns=asked_ns)
        assert quantities(found.pending) == [("pending", "0.2")]
        assert (found.drift, found.open) == ((), False), "steady trading asks for nothing more"


def test_what_was_suspected_or_known_waits_while_fills_are_on_their_way() -> None:
    desk = Desk()
    desk.working(qty=d(9))
    look(desk, "0", "0.5")
    asked_ns = desk.now_ns
    desk.later(0.01)
    desk.give(fill("e1", "0.1"))
    assert look(desk, "0.1", "0.5", asked_ns=asked_ns).drift == ()
    assert desk.state.suspects[BTC].rounds == 1
    assert quantities(look(desk, "0", "0.5").drift) == [("unexplained", "0.5")]
    asked_ns = desk.now_ns
    desk.later(0.01)
    desk.give(fill("e2", "0.1"))
    found = look(desk, "0.1", "0.5", asked_ns=asked_ns)
    assert quantities(found.drift) == [("unexplained", "0.5")], "it is not forgotten meanwhile"


def test_fills_that_our_orders_rows_have_shown_are_waited_for_until_they_are_given_up() -> None:
    desk = Desk()
    desk.working()
    desk.state.promised["a1"] = Promise(d("0.004"))
    desk.state.promised["gone"] = Promise(d("0.004"))
    found = look(desk, "0", "0.004")
    assert found.pending[0].cause == "fills that orders show are on their way"
    desk.state.stuck.add("a1")
    assert look(desk, "0", "0.004").open


def test_what_external_orders_have_filled_explains_exactly_that() -> None:
    desk = Desk()
    desk.give(row("web-1"))
    desk.give(row("web-2", symbol="ETHUSDT"))
    desk.state.promised["web-1"] = Promise(d("0.004"))
    desk.state.promised["web-2"] = Promise(d("0.004"))
    (noted,) = look(desk, "0", "0.004").noted
    assert (noted.kind, noted.cause) == (DriftKind.EXPLAINED, "filled by external orders")
    assert look(desk, "0", "0.005").open, "another difference is not explained by it"


def test_an_ignored_difference_is_explained_until_it_changes_or_its_time_is_over() -> None:
    desk = Desk()
    desk.state.ignored[BTC] = Ignored(d("0.5"), desk.now_ns + 10 * NS, "moved by hand")
    (noted,) = look(desk, "0", "0.5").noted
    assert (noted.kind, noted.cause) == (DriftKind.EXPLAINED, "ignored: moved by hand")
    assert look(desk, "0", "0.6").open
    desk.later(10)
    assert look(desk, "0", "0.5").noted == ()
    desk.state.ignored[BTC] = Ignored(d("0.5"), 0, "for good")
    desk.later(10**6)
    assert len(look(desk, "0", "0.5").noted) == 1


def test_averages_that_differ_alone_are_noted_and_are_no_drift() -> None:
    desk = Desk()
    averages = ("60000.0", "60001.0")
    assert look(desk, "1", "1", averages=averages).open
    found = look(desk, "1", "1", averages=averages)
    assert (found.drift, found.open) == ((), False)
    assert [(drift.kind, drift.qty, drift.price) for drift in found.noted] == [
        (DriftKind.UNEXPLAINED, d(0), d("1.0"))
    ]
    desk.later(1)
    assert look(desk, "1", "1", averages=averages).noted == found.noted


def test_averages_apart_and_then_quantities_apart_are_two_matters() -> None:
    desk = Desk()
    for _ in range(2):
        look(desk, "1", "1", averages=("60000.0", "60001.0"))
    assert look(desk, "1", "2").open


def test_a_price_difference_is_unknown_without_both_averages() -> None:
    drift = Drift(symbol=BTC, ours=d(0), venue=d(1), since_ts=0, venue_avg=d(5))
    assert drift.price is None


# The market is narrowed while it drifts.


def changes(desk: Desk, found: Differences) -> list[tuple[TradingState, str, str]]:
    made = []
    for event in narrow(desk.state, found, context(desk)):
        assert isinstance(event, TradingStateChanged)
        evolve(desk.state, event)
        made.append((event.state, event.symbol, event.reason))
    return made


def test_a_market_with_drift_may_only_be_reduced_until_the_drift_is_gone() -> None:
    desk = Desk()
    drifting = Differences(drift=(Drift(symbol=BTC, ours=d(0), venue=d("0.5"), since_ts=1),))
    assert changes(desk, drifting) == [
        (TradingState.REDUCING, BTC, "drift +0.5: adopt, flatten or ignore it")
    ]
    assert changes(desk, drifting) == []
    assert desk.state.trading_of(BTC) is TradingState.REDUCING
    assert desk.state.trading_of("ETHUSDT") is TradingState.ACTIVE
    assert changes(desk, Differences()) == [(TradingState.ACTIVE, BTC, "the difference is gone")]


@pytest.mark.parametrize(("by", "reason"), [("operator", "drift"), ("reconcile", "LATE_ACCEPT: a")])
def test_a_market_that_was_narrowed_for_another_reason_stays_so(by: str, reason: str) -> None:
    desk = Desk()
    event = TradingStateChanged(ts=1, state=TradingState.REDUCING, by=by, reason=reason, symbol=BTC)
    evolve(desk.state, event)
    drifting = Differences(drift=(Drift(symbol=BTC, ours=d(0), venue=d("0.5"), since_ts=1),))
    assert changes(desk, drifting) == []
    assert changes(desk, Differences()) == []

"""The halt bar's words: what holds, what a kill would cancel, how far it is, what is left."""

from __future__ import annotations

from console.format import clock
from console.halt import HaltStage, HaltView, halt_view
from engine.core import events as ev
from engine.core.events import EventType as E
from engine.core.state import State, evolve
from engine.core.status import EngineStatus, Unprotected
from engine.core.types import KillLevel, TradingState
from tests.console.fakes import BTC, BUY, NOW, NS, SELL, history, order_events


def state(*events: ev.Event) -> State:
    folded = State()
    for event in [*history(), *events]:
        evolve(folded, event)
    return folded


def halted(ts: int = NOW, reason: str = "kill key") -> ev.TradingStateChanged:
    return ev.TradingStateChanged(ts=ts, state=TradingState.HALTED, by="ops", reason=reason)


def killed(*targets: str, blocked_at: int = NOW) -> ev.KillStarted:
    return ev.KillStarted(
        ts=NOW, kill_id="k1", level=KillLevel.KILL, blocked_at=blocked_at, targets=targets
    )


def progress(**fields: object) -> ev.KillProgress:
    return ev.KillProgress(ts=NOW, kill_id="k1", **fields)  # type: ignore[arg-type]


def shown(*events: ev.Event) -> HaltView:
    view = halt_view(state(*events), "paper", "F12")
    assert view is not None
    return view


def test_active_trading_has_no_bar() -> None:
    assert halt_view(state(), "paper", "F12") is None


def test_the_latch_says_who_why_and_what_a_kill_would_cancel() -> None:
    assert shown(halted()) == HaltView(
        HaltStage.LATCHED,
        "HALTED paper by ops, kill key",
        "no new orders · F12×2 cancels 6 orders placed by this engine on paper; "
        "0 external untouched",
    )


def test_protective_stops_and_orders_of_others_are_not_in_the_scope() -> None:
    stop = order_events("stop", BTC, BUY, "0.1", "60000.0", 1, reduce_only=True)
    view = shown(
        *stop,
        ev.OrderEvent(E.UNTRIGGERED, "stop", NOW),
        ev.Reconciled(ts=NOW, external_orders=("x1", "x2")),
        halted(),
    )
    assert "cancels 6 orders" in view.scope
    assert view.scope.endswith("; 2 external untouched")


def test_a_sweep_shows_how_many_are_gone() -> None:
    view = shown(
        halted(), killed("c-003", "c-004"), ev.OrderEvent(E.CANCEL_REQUEST, "c-004", NOW),
        ev.OrderEvent(E.CANCEL_ACK, "c-004", NOW),
    )  # fmt: skip
    assert view.stage is HaltStage.SWEEPING
    assert view.scope == (
        "KILL: 1 of 2 orders on paper cancelled, verifying; 0 external untouched · F12 sends again"
    )


def test_verified_zero_says_how_long_it_took() -> None:
    view = shown(halted(), killed("c-003"), progress(verified_zero_at=NOW + 3 * NS // 2, done=True))
    assert view.stage is HaltStage.DONE
    assert view.scope == (
        "KILL DONE: 1 of 1 order on paper gone, zero verified at the venue 1.5 s after the halt; "
        "0 external untouched"
    )


def again(kill_id: str, *targets: str, level: KillLevel = KillLevel.KILL) -> ev.KillStarted:
    return ev.KillStarted(
        ts=NOW, kill_id=kill_id, level=level, blocked_at=NOW + NS, targets=targets
    )


def verified(kill_id: str, after_s: int) -> ev.KillProgress:
    return ev.KillProgress(ts=NOW, kill_id=kill_id, verified_zero_at=NOW + after_s * NS, done=True)


def test_what_the_first_kill_came_to_stays_readable_under_the_next_ones() -> None:
    gone = (
        ev.OrderEvent(E.CANCEL_REQUEST, "c-004", NOW), ev.OrderEvent(E.CANCEL_ACK, "c-004", NOW),
    )  # fmt: skip
    first = (halted(), killed("c-004"), *gone, verified("k1", 1))
    running = shown(*first, again("k2"))
    assert running.scope == (
        "KILL: 1 of 1 order on paper cancelled, verifying again; "
        "0 external untouched · F12 sends again"
    )
    done = shown(*first, again("k2"), verified("k2", 5), again("k3", "c-004"), verified("k3", 9))
    assert done.scope == (
        "KILL DONE: 1 of 1 order on paper gone, zero verified at the venue 1.0 s after the halt, "
        f"again at {clock(NOW + 9 * NS)}; 0 external untouched"
    )


def test_a_flatten_says_what_it_closes_and_when_all_is_closed() -> None:
    flatten = (halted(), again("k1", level=KillLevel.FLATTEN), verified("k1", 2))
    closing = order_events("flat-1", BTC, SELL, "0.700", None, 1, reduce_only=True)
    flowing = shown(*flatten, *closing)
    assert flowing.stage is HaltStage.SWEEPING
    assert flowing.scope.startswith("FLATTEN: 0 of 0 orders on paper gone, zero verified")
    assert "; closing BTCUSDT +0.9, ETHUSDT -2" in flowing.scope
    stuck = shown(*flatten)
    assert stuck.stage is HaltStage.INCOMPLETE
    assert "; NOT CLOSED: BTCUSDT +0.9, ETHUSDT -2" in stuck.scope
    flat = State()
    for event in flatten:
        evolve(flat, event)
    assert halt_view(flat, "paper", "F12") == HaltView(
        HaltStage.DONE,
        "HALTED paper by ops, kill key",
        "FLATTEN DONE: 0 of 0 orders on paper gone, zero verified at the venue 1.0 s after the "
        "halt; every position is closed; 0 external untouched",
    )


def test_what_is_left_is_named() -> None:
    view = shown(halted(), killed("c-003"), progress(residual=("a", "b", "c", "d"), done=True))
    assert view.stage is HaltStage.INCOMPLETE
    assert view.scope == "KILL INCOMPLETE: 4 left: a, b, c and 1 more · F12 sends again"


def test_an_unverified_end_says_so() -> None:
    view = shown(halted(), killed(), progress(done=True))
    assert view.scope == (
        "KILL INCOMPLETE: the venue's zero could not be verified · F12 sends again"
    )


def test_the_sweep_of_an_earlier_halt_is_history() -> None:
    view = shown(
        killed("c-003", blocked_at=NOW - 60 * NS),
        progress(verified_zero_at=NOW - 59 * NS, done=True),
        halted(),
    )
    assert view.stage is HaltStage.LATCHED


def test_reducing_says_what_still_goes() -> None:
    event = ev.TradingStateChanged(ts=NOW, state=TradingState.REDUCING, by="limits")
    assert shown(event) == HaltView(
        HaltStage.REDUCING, "REDUCING paper by limits", "only orders that reduce · F12 halts"
    )


def test_a_market_narrowed_by_itself_is_named_while_the_account_trades() -> None:
    def narrowed(symbol: str, reason: str = "") -> ev.TradingStateChanged:
        return ev.TradingStateChanged(
            ts=NOW, state=TradingState.REDUCING, by="risk", reason=reason, symbol=symbol
        )

    assert shown(narrowed("BTCUSDT", "drift")) == HaltView(
        HaltStage.REDUCING,
        "REDUCING BTCUSDT on paper by risk, drift",
        "only orders that reduce there · ^p resumes",
    )
    two = shown(narrowed("BTCUSDT"), narrowed("ETHUSDT"))
    assert two.head == "REDUCING BTCUSDT on paper by risk"
    assert two.scope == "only orders that reduce there · 1 more · ^p resumes"


BARE = (Unprotected(symbol="BTCUSDT", since_ts=NOW), Unprotected(symbol="ETHUSDT", since_ts=NOW))


def status(**fields: object) -> EngineStatus:
    return EngineStatus(ts=NOW, **fields)  # type: ignore[arg-type]


def test_a_position_without_a_protective_stop_has_a_bar_of_its_own() -> None:
    since = clock(NOW)
    assert halt_view(state(), "desk", "F12", status()) is None
    assert halt_view(state(), "desk", "F12", status(unprotected=BARE)) == HaltView(
        HaltStage.ALARM,
        f"NO PROTECTIVE STOP on desk: BTCUSDT since {since}, ETHUSDT since {since}",
        "a reduce-only stop at the venue, or no position, ends this",
    )


def test_beside_a_halt_it_is_told_behind_it() -> None:
    plain = halt_view(state(halted()), "desk", "F12")
    view = halt_view(state(halted()), "desk", "F12", status(unprotected=BARE[:1]))
    assert plain is not None
    assert view == HaltView(
        plain.stage, plain.head, f"{plain.scope} · no protective stop: BTCUSDT since {clock(NOW)}"
    )


BROKEN = "JournalError: its writer has ended"


def test_what_broke_after_somebody_halted_is_told_beside_the_halt() -> None:
    plain = halt_view(state(halted()), "paper", "F12")
    view = halt_view(state(halted()), "paper", "F12", status(error=BROKEN, recording=False))
    assert plain is not None
    assert view == HaltView(
        plain.stage,
        f"HALTED paper by ops, kill key · ENGINE FAILED: {BROKEN}",
        f"{plain.scope} · restart to trade again; nothing is recorded any more: "
        "what is cancelled now is back after the restart",
    )


def test_a_halt_of_the_engine_itself_tells_its_cause_once() -> None:
    found = state(halted(reason=BROKEN))
    view = halt_view(found, "desk", "F12", status(error=BROKEN, recording=False, mode="LIVE"))
    assert view is not None
    assert view.head == f"HALTED desk by ops, {BROKEN}"
    assert view.scope.endswith("restart to trade again; nothing is recorded any more")


def test_a_failure_that_has_not_halted_yet_has_a_bar_too() -> None:
    assert halt_view(state(), "paper", "F12", status(error="ValueError: 7")) == HaltView(
        HaltStage.ALARM,
        "ACTIVE paper · ENGINE FAILED: ValueError: 7",
        "no new orders · restart to trade again",
    )

from msgspec.structs import replace

from engine.core.limits import LIVE_LIMITS, PAPER_LIMITS, RiskLimits
from engine.core.types import TradingState
from engine.core.watch.triggers import TRIGGERS, is_watching, lifts, standing_cause
from tests.support.desk import Desk, d, fill


def test_nothing_is_watched_on_paper_and_everything_on_a_new_live_account() -> None:
    assert not is_watching(PAPER_LIMITS)
    assert is_watching(LIVE_LIMITS)
    off = [trigger.code for trigger in TRIGGERS if getattr(LIVE_LIMITS, trigger.key) is None]
    assert off == ["NO_STOP"]  # it warns


def test_one_symbols_limit_is_enough_to_watch() -> None:
    own = RiskLimits(quote_age_s=d(2))
    assert is_watching(RiskLimits(symbols={"BTCUSDT": own}))


def test_only_pauses_and_what_was_missing_lift_by_themselves() -> None:
    assert {t.code for t in TRIGGERS if t.lifts} == {
        "REJECT_BURST", "STALE_QUOTES", "UNPRICED", "NO_EQUITY", "NO_STOP",
    }  # fmt: skip
    assert all(t.state is TradingState.REDUCING for t in TRIGGERS if t.lifts)
    assert lifts("STALE_QUOTES: x", TradingState.REDUCING)
    assert not lifts("STALE_QUOTES: x", TradingState.HALTED)
    assert not lifts("DRIFT: x", TradingState.REDUCING)


def test_a_cause_stands_for_as_long_as_it_would_act_again() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, quote_age_s=d(2)))
    desk.working("a1")
    desk.give(fill("e1", "0.010"))
    assert standing_cause(desk.state, desk.context(), "BTCUSDT") == ""
    desk.later(3)
    expected = "STALE_QUOTES: market data too old (limit 2 s)"
    assert standing_cause(desk.state, desk.context(), "BTCUSDT") == expected
    assert standing_cause(desk.state, desk.context()) == ""

from __future__ import annotations

from msgspec.structs import replace

from engine.core.limits import PAPER_LIMITS
from engine.core.margin import AccountMargin, PositionMargin, liq_distance
from tests.support.desk import NS, d

LIMITS = replace(PAPER_LIMITS, reconcile_age_s=d(60))
MARGIN = AccountMargin(
    equity=d(1_000), ts=100 * NS, positions={"BTCUSDT": PositionMargin(qty=d(2), ts=110 * NS)}
)


def test_what_is_older_than_a_comparison_may_be_is_not_known() -> None:
    assert MARGIN.equity_at(160 * NS, LIMITS) == 1_000
    assert MARGIN.equity_at(160 * NS + 1, LIMITS) is None
    assert MARGIN.position_at("BTCUSDT", d(1), 170 * NS, LIMITS) == PositionMargin(
        qty=d(2), ts=110 * NS
    )
    assert MARGIN.position_at("BTCUSDT", d(1), 170 * NS + 1, LIMITS) is None
    assert MARGIN.position_at("ETHUSDT", d(1), 110 * NS, LIMITS) is None


def test_what_was_said_of_the_other_side_is_not_of_this_position() -> None:
    assert MARGIN.position("BTCUSDT", d("0.001")) == MARGIN.positions["BTCUSDT"]
    assert MARGIN.position("BTCUSDT", d(-1)) is None
    assert MARGIN.position("BTCUSDT", d(0)) is None


def test_without_a_limit_of_age_nothing_is_too_old_but_what_never_came() -> None:
    assert MARGIN.equity_at(10**6 * NS, PAPER_LIMITS) == 1_000
    assert AccountMargin(equity=d(1)).equity_at(0, PAPER_LIMITS) is None


def test_the_distance_is_to_the_side_on_which_the_account_loses() -> None:
    assert liq_distance(d(90), d(100), d(1)) == d("0.1")
    assert liq_distance(d(90), d(100), d(-1)) == d("-0.1")
    assert liq_distance(d(110), d(100), d(-1)) == d("0.1")
    assert liq_distance(d(110), d(100), d(0)) == liq_distance(d(90), d(100), d(0)) == d("0.1")

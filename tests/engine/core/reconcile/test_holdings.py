from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from engine.core.events import Drift, InstrumentsChanged, Reconciled
from engine.core.reconcile.holdings import Holding, compare, count_coins, pnl_apart
from engine.core.reports import (
    EVERYTHING,
    AccountSnapshot,
    BalanceReport,
    FillEvent,
    PositionReport,
    Scope,
)
from engine.core.state import evolve
from engine.core.types import Category, Side
from tests.support.desk import Desk, d, fill, perpetual

BTC = replace(
    perpetual("BTCUSDT"), symbol="BTC/USDT", category=Category.SPOT, settle="", base="BTC"
)
BTC_EUR = replace(BTC, symbol="BTC/EUR", quote="EUR", venue_symbol="BTCEUR")
ETH_BTC = replace(BTC, symbol="ETH/BTC", base="ETH", quote="BTC", venue_symbol="ETHBTC")


def desk(*pairs: object, coins: dict[str, Decimal] | None = None) -> Desk:
    made = Desk()
    instruments = (perpetual(), *(pairs or (BTC,)))
    evolve(made.state, InstrumentsChanged(ts=1, instruments=instruments))  # type: ignore[arg-type]
    evolve(made.state, Reconciled(ts=1, coins=coins))
    return made


def answer(
    made: Desk,
    *positions: PositionReport,
    scopes: frozenset[Scope] = EVERYTHING,
    **balances: str,
) -> AccountSnapshot:
    return AccountSnapshot(
        open_orders=(),
        positions=positions,
        fills=(),
        balances=tuple(BalanceReport(coin=c, qty=d(q)) for c, q in balances.items()),
        sent_ts=made.now_ns,
        duration_s=0.0,
        scopes=scopes,
    )


def bought(qty: str, symbol: str, exec_id: str = "s1") -> FillEvent:
    return fill(exec_id, qty, f"web-{exec_id}", symbol=symbol, fee=d(0))


def test_contracts_are_compared_by_position_here_and_there() -> None:
    made = desk()
    made.working()
    made.give(fill("e1", "0.004"))
    theirs = PositionReport(symbol="ETHUSDT", qty=d(-2), avg_price=d(2700))
    assert list(compare(made.state, answer(made, theirs))) == [
        Holding("BTCUSDT", d("0.004"), d(0), d(60_000), None),
        Holding("ETHUSDT", d(0), d(-2), None, d(2700)),
    ]


@pytest.mark.parametrize(
    ("ours", "venue", "agree"),
    [
        ("60000.04", "60000.0", True),
        ("60000.1", "60000.0", False),
        ("60000.12345", "60000.12", True),
        ("60000.4", "60000", True),
        ("60001", "6.0E+4", False),
    ],
)
def test_averages_agree_to_the_last_digit_that_the_venue_states(
    ours: str, venue: str, agree: bool
) -> None:
    assert Holding("X", d(1), d(1), d(ours), d(venue)).agrees is agree
    assert not Holding("X", d(1), d(2), d(ours), d(venue)).agrees
    assert Holding("X", d(1), d(1), None, d(venue)).agrees


def test_coins_that_were_there_before_the_ledger_are_set_aside() -> None:
    made = desk()
    made.give(bought("0.3", "BTC/USDT"))
    made.later(1)
    counted = count_coins(made.state, answer(made, BTC="5.3", USDT="9", DOGE="7"))
    assert counted == {"BTC": d(5)}
    evolve(made.state, Reconciled(ts=2, coins=counted))
    assert count_coins(made.state, answer(made, BTC="5.3")) is None
    assert list(compare(made.state, answer(made, BTC="5.3"))) == [
        Holding("BTC/USDT", d("0.3"), d("0.3"), d(60_000))
    ]
    (holding,) = compare(made.state, answer(made, BTC="5.1"))
    assert (holding.venue, holding.agrees) == (d("0.1"), False)


def test_coins_are_not_counted_while_a_pair_trades_nor_without_a_wallet_or_pairs() -> None:
    made = desk()
    asked = answer(made, BTC="0.3")
    made.later(1)
    made.give(bought("0.3", "BTC/USDT"))
    assert count_coins(made.state, asked) is None
    assert count_coins(made.state, answer(made, scopes=frozenset({Scope.ORDERS}))) is None
    assert count_coins(Desk().state, asked) is None
    assert list(compare(made.state, asked)) == [], "before they are counted nothing is said"


def test_a_coin_that_nobody_traded_and_that_moved_is_shown_under_its_first_pair() -> None:
    made = desk(BTC, BTC_EUR, coins={"BTC": d(1)})
    assert list(compare(made.state, answer(made, BTC="1"))) == []
    assert list(compare(made.state, answer(made, BTC="1.5"))) == [
        Holding("BTC/USDT", d(0), d("0.5"), None)
    ]


def test_pairs_of_one_coin_are_compared_together() -> None:
    made = desk(BTC, BTC_EUR, coins={})
    made.give(bought("0.3", "BTC/USDT"))
    made.give(bought("0.2", "BTC/EUR", "s2"))
    (holding,) = compare(made.state, answer(made, BTC="0.5"))
    assert (holding.symbol, holding.agrees) == ("BTC/USDT", True)


def test_a_coin_in_which_a_traded_pair_is_priced_is_money_and_left_alone() -> None:
    made = desk(BTC, ETH_BTC, coins={})
    made.give(bought("0.3", "BTC/USDT"))
    assert len(list(compare(made.state, answer(made, BTC="0.1")))) == 1
    made.give(bought("1", "ETH/BTC", "s2"))
    assert [h.symbol for h in compare(made.state, answer(made, BTC="0.1", ETH="1"))] == ["ETH/BTC"]


@pytest.mark.parametrize(
    ("venue", "avg", "mark", "apart"),
    [
        ("0.020", "59000", "61000", "30"),
        ("0", None, "61000", "-10"),
        ("0.020", None, "61000", None),
        ("0.020", "59000", None, None),
        ("0", None, None, None),
    ],
)
def test_what_a_difference_does_to_the_pnl_is_measured_at_one_mark(
    venue: str, avg: str | None, mark: str | None, apart: str | None
) -> None:
    made = desk()
    made.working()
    made.give(fill("e1", "0.010"))
    position = made.state.positions.get_position("BTCUSDT")
    drift = Drift(
        symbol="BTCUSDT",
        ours=position.qty,
        venue=d(venue),
        since_ts=1,
        venue_avg=None if avg is None else d(avg),
    )
    found = pnl_apart(position, drift, None if mark is None else d(mark))
    assert found == (None if apart is None else d(apart))
    position.category = Category.INVERSE
    assert (pnl_apart(position, drift, None if mark is None else d(mark)) is None) == (
        apart is None
    )


def test_a_sale_is_a_holding_of_less_than_before() -> None:
    made = desk(coins={"BTC": d(2)})
    made.give(fill("s1", "0.5", "web-1", symbol="BTC/USDT", fee=d(0), side=Side.SELL))
    (holding,) = compare(made.state, answer(made, BTC="1.5"))
    assert (holding.ours, holding.venue) == (d("-0.5"), d("-0.5"))

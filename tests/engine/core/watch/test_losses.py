from msgspec.structs import replace

from engine.core.events import InstrumentsChanged, PnlMarked
from engine.core.limits import PAPER_LIMITS
from engine.core.market import Quote
from engine.core.state import evolve
from engine.core.types import Category
from engine.core.watch.losses import lost_from_peak, lost_today, mark_pnl, net_usd
from tests.support.desk import Desk, d, fill, perpetual


def test_the_net_includes_fees_and_what_is_open_at_the_mark() -> None:
    desk = Desk()
    assert net_usd(desk.state, {}) == 0
    desk.working("a1")
    desk.give(fill("e1", "0.010"))
    assert net_usd(desk.state, {}) is None
    desk.quotes["BTCUSDT"].mark = d(60_100)
    assert net_usd(desk.state, desk.quotes) == d("0.9")


def test_another_currency_counts_at_its_price_and_not_at_all_without_one() -> None:
    desk = Desk()
    desk.working("a1")
    desk.give(fill("e1", "0.010", fee=d("0.001"), fee_currency="BNB"))
    assert net_usd(desk.state, desk.quotes) is None
    desk.quotes["BNBUSDT"] = Quote(symbol="BNBUSDT", mark=d(700))
    assert net_usd(desk.state, desk.quotes) == d("-0.7")


def test_coins_are_worth_their_mark() -> None:
    desk = Desk()
    inverse = replace(perpetual("BTCUSD"), category=Category.INVERSE, settle="BTC", quote="USD")
    evolve(desk.state, InstrumentsChanged(ts=1, instruments=(inverse,)))
    desk.quotes["BTCUSD"] = Quote(symbol="BTCUSD", mark=d(60_000))
    desk.working("a1", symbol="BTCUSD", qty=d(60))
    desk.give(fill("e1", "60", symbol="BTCUSD", fee=d("0.001"), fee_currency="BTC"))
    assert net_usd(desk.state, desk.quotes) == d(-60)


def test_nothing_is_written_down_where_no_loss_is_limited_or_known() -> None:
    desk = Desk()
    assert list(mark_pnl(desk.state, desk.context())) == []
    assert lost_today(desk.state, desk.context()) is None
    assert lost_from_peak(desk.state, desk.context()) is None
    desk.change_limits(replace(PAPER_LIMITS, daily_loss_usd=d(1)))
    desk.working("a1")
    desk.give(fill("e1", "0.010", fee=d(0)))
    desk.quotes.clear()
    assert list(mark_pnl(desk.state, desk.context())) == []


def test_losses_are_measured_from_the_days_start_and_from_the_highest() -> None:
    desk = Desk()
    desk.working("a1")
    desk.give(fill("e1", "0.010", fee=d(0)))
    evolve(desk.state, PnlMarked(ts=1, day=0, start=d(5), peak=d(20)))
    assert lost_today(desk.state, desk.context()) == 5
    assert lost_from_peak(desk.state, desk.context()) == 20
    desk.quotes["BTCUSDT"].mark = d(65_000)
    assert lost_today(desk.state, desk.context()) == -45
    assert lost_from_peak(desk.state, desk.context()) == 0
    desk.quotes.clear()
    assert lost_today(desk.state, desk.context()) is None

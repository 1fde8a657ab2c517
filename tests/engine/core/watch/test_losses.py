import msgspec
from msgspec.structs import replace

from engine.core.events import InstrumentsChanged, PnlMarked
from engine.core.limits import PAPER_LIMITS
from engine.core.market import Quote
from engine.core.reports import WalletReport
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


def told(desk: Desk, equity: int | None) -> None:
    desk.give(WalletReport(equity=None if equity is None else d(equity)))


def marks(desk: Desk) -> list[PnlMarked]:
    """What the watch writes down now."""
    found = list(mark_pnl(desk.state, desk.context()))
    for event in found:
        evolve(desk.state, event)
    return found


def test_the_equity_of_the_days_start_and_of_the_peak_is_written_down_where_shares_count() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, daily_loss_share=d("0.02")))
    told(desk, 10_000)
    (marked,) = marks(desk)
    assert marked == PnlMarked(
        ts=desk.now_ns, day=0, start=d(0), peak=d(0), start_equity=d(10_000), peak_equity=d(10_000)
    )
    assert marks(desk) == []
    desk.working("a1")
    desk.give(fill("e1", "0.010", fee=d(0)))
    desk.quotes["BTCUSDT"].mark = d(61_000)
    told(desk, 10_010)
    (marked,) = marks(desk)
    assert (marked.start_equity, marked.peak_equity) == (d(10_000), d(10_010))
    assert marked.peak == 10
    desk.later(86_400)
    desk.quotes["BTCUSDT"].mark = d(60_500)
    told(desk, 10_005)
    (marked,) = marks(desk)
    assert (marked.start_equity, marked.peak_equity) == (d(10_005), d(10_010))
    assert marked.start == 5


def test_without_a_share_no_equity_is_written_down() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, daily_loss_usd=d(500)))
    told(desk, 10_000)
    (marked,) = marks(desk)
    assert (marked.start_equity, marked.peak_equity) == (None, None)


def test_equity_that_becomes_known_later_is_put_back_to_where_it_was_then() -> None:
    desk = Desk(limits=replace(PAPER_LIMITS, drawdown_kill_share=d("0.05")))
    desk.working("a1")
    desk.give(fill("e1", "0.010", fee=d(0)))
    evolve(desk.state, PnlMarked(ts=1, day=0, start=d(5), peak=d(20)))
    assert marks(desk) == []
    told(desk, 10_000)
    (marked,) = marks(desk)
    assert marked == PnlMarked(
        ts=desk.now_ns, day=0, start=d(5), peak=d(20), start_equity=d(10_005), peak_equity=d(10_020)
    )
    assert marks(desk) == []


def test_equity_that_is_too_old_is_not_written_down() -> None:
    limits = replace(PAPER_LIMITS, daily_loss_share=d("0.02"), reconcile_age_s=d(60))
    desk = Desk(limits=limits)
    told(desk, 10_000)
    desk.later(61)
    (marked,) = marks(desk)
    assert (marked.start_equity, marked.peak_equity) == (None, None)


def test_a_new_peak_is_news_by_the_smaller_of_the_drawdowns_that_are_allowed() -> None:
    limits = replace(PAPER_LIMITS, drawdown_kill_usd=d(1_000), drawdown_kill_share=d("0.05"))
    desk = Desk(limits=limits)
    told(desk, 10_000)
    desk.working("a1")
    desk.give(fill("e1", "0.010", fee=d(0)))
    marks(desk)
    desk.quotes["BTCUSDT"].mark = d(60_050)
    assert marks(desk) == []
    desk.quotes["BTCUSDT"].mark = d("60050.1")
    assert [event.peak for event in marks(desk)] == [d("0.501")]


def test_a_mark_of_an_older_journal_has_no_equity_and_none_is_not_written() -> None:
    old = b'{"event":"pnl","ts":1,"day":0,"start":"5","peak":"20"}'
    event = msgspec.json.decode(old, type=PnlMarked)
    assert (event.start_equity, event.peak_equity) == (None, None)
    assert msgspec.json.encode(event) == old

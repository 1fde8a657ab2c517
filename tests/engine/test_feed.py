from __future__ import annotations

from engine.core.market import BookUpdate, TickerUpdate, TradeTick
from engine.core.types import Side
from engine.feed import TRADES_KEPT, MarketFeed
from tests.support.desk import d


def book(
    bids: list[tuple[str, str]],
    asks: list[tuple[str, str]],
    *,
    snapshot: bool = False,
    symbol: str = "BTCUSDT",
    ts: int = 1,
) -> BookUpdate:
    return BookUpdate(
        symbol=symbol,
        snapshot=snapshot,
        bids=[(d(price), d(qty)) for price, qty in bids],
        asks=[(d(price), d(qty)) for price, qty in asks],
        update_id=ts,
        ts=ts,
    )


def trade(price: str, ts: int = 1) -> TradeTick:
    return TradeTick(symbol="BTCUSDT", side=Side.BUY, qty=d(1), price=d(price), ts=ts)


def ticker(mark: str | None, last: str | None, ts: int = 1) -> TickerUpdate:
    return TickerUpdate(
        symbol="BTCUSDT",
        mark=None if mark is None else d(mark),
        last=None if last is None else d(last),
        ts=ts,
    )


def test_a_book_is_a_snapshot_and_the_changes_since() -> None:
    feed = MarketFeed()
    feed.apply(book([("99", "1"), ("98", "2")], [("101", "3")], snapshot=True))
    feed.apply(book([("99", "0"), ("97", "5")], [("100", "4"), ("101", "1")], ts=2))
    view = feed.books["BTCUSDT"].view("BTCUSDT", 10)
    assert view.bids == ((d(98), d(2)), (d(97), d(5)))
    assert view.asks == ((d(100), d(4)), (d(101), d(1)))
    assert view.ts == 2
    feed.apply(book([("90", "1")], [], snapshot=True, ts=3))
    view = feed.books["BTCUSDT"].view("BTCUSDT", 10)
    assert (view.bids, view.asks) == (((d(90), d(1)),), ())


def test_a_level_that_goes_without_having_been_there_is_no_trouble() -> None:
    feed = MarketFeed()
    feed.apply(book([("99", "0")], []))
    assert feed.quotes["BTCUSDT"].bid is None


def test_a_view_is_the_best_levels_first() -> None:
    feed = MarketFeed()
    feed.apply(book([("97", "1"), ("99", "1"), ("98", "1")], [("103", "1"), ("101", "1")]))
    view = feed.books["BTCUSDT"].view("BTCUSDT", 2)
    assert [price for price, _ in view.bids] == [d(99), d(98)]
    assert [price for price, _ in view.asks] == [d(101), d(103)]


def test_a_quote_follows_book_ticker_and_trades_and_keeps_what_is_not_told_again() -> None:
    feed = MarketFeed()
    feed.apply(book([("99", "1")], [("101", "1")]))
    quote = feed.quotes["BTCUSDT"]
    assert (quote.bid, quote.ask, quote.mark, quote.last) == (d(99), d(101), None, None)
    assert quote.reference == d(100)
    feed.apply(ticker("100.5", None, ts=2))
    feed.apply(ticker(None, "100.4", ts=3))
    assert (quote.mark, quote.last, quote.reference) == (d("100.5"), d("100.4"), d("100.5"))
    feed.apply(trade("100.6", ts=4))
    assert (quote.last, quote.ts) == (d("100.6"), 4)


def test_before_any_mark_or_book_the_last_trade_is_the_reference() -> None:
    feed = MarketFeed()
    feed.apply(trade("100.6"))
    assert feed.quotes["BTCUSDT"].reference == d("100.6")


def test_what_moved_is_named_until_it_is_taken_note_of() -> None:
    feed = MarketFeed()
    feed.apply(book([("99", "1")], []))
    feed.apply(book([("9", "1")], [], symbol="ETHUSDT"))
    assert feed.changed_books == feed.changed_quotes == {"BTCUSDT", "ETHUSDT"}
    feed.changed_books.clear()
    feed.changed_quotes.clear()
    feed.apply(trade("99"))
    assert (feed.changed_books, feed.changed_quotes) == (set(), {"BTCUSDT"})


def test_only_the_newest_trades_are_kept() -> None:
    feed = MarketFeed()
    for number in range(TRADES_KEPT + 5):
        feed.apply(trade("99", ts=number))
    assert [tick.ts for tick in feed.trades] == list(range(5, TRADES_KEPT + 5))


def test_a_mark_of_zero_is_taken_as_said_and_has_its_own_time() -> None:
    feed = MarketFeed()
    feed.apply(ticker("100", "100", ts=5))
    feed.apply(trade("101", ts=9))
    quote = feed.quotes["BTCUSDT"]
    assert (quote.mark, quote.mark_ts, quote.ts) == (d(100), 5, 9)
    feed.apply(ticker("0", None, ts=10))
    assert (quote.mark, quote.reference) == (d(0), d(0))


def test_the_oldest_mark_of_the_last_five_minutes_is_known() -> None:
    feed = MarketFeed()
    second = 1_000_000_000
    for at in (0, 9, 10, 20, 300):
        feed.apply(ticker(str(100 + at), None, ts=at * second))
    quote = feed.quotes["BTCUSDT"]
    assert quote.earlier == d(100)
    feed.apply(ticker("500", None, ts=301 * second))
    assert quote.earlier == d(110)
    feed.apply(ticker("600", None, ts=10_000 * second))
    assert quote.earlier == d(600)


def test_a_crossed_book_or_one_side_of_it_is_no_reference() -> None:
    feed = MarketFeed()
    feed.apply(trade("100"))
    feed.apply(book([("99", "1")], []))
    quote = feed.quotes["BTCUSDT"]
    assert (quote.reference, quote.mid) == (None, None)
    feed.apply(book([], [("99", "1")]))
    assert quote.reference is None
    feed.apply(book([], [("99", "0"), ("101", "1")]))
    assert quote.reference == quote.mid == d(100)

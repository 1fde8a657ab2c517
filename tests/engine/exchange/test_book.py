"""The recorded book and what we took from it."""

from __future__ import annotations

from decimal import Decimal

from engine.exchange.book import BookSide

D = Decimal
LEVELS = [(D("99.9"), D(2)), (D("99.7"), D(3)), (D("99.8"), D(0))]


def side(*, is_bid: bool) -> BookSide:
    found = BookSide(is_bid=is_bid)
    found.replace(LEVELS)
    return found


def test_levels_are_best_first_and_empty_ones_are_none() -> None:
    assert side(is_bid=True).levels(9) == [LEVELS[0], LEVELS[1]]
    assert side(is_bid=False).levels(1) == [LEVELS[1]]


def test_changes_insert_replace_and_delete() -> None:
    bids = side(is_bid=True)
    for price, size in (("99.8", 1), ("99.9", 5), ("99.7", 0), ("50.0", 0)):
        bids.set(D(price), D(size))
    assert bids.levels(9) == [(D("99.9"), D(5)), (D("99.8"), D(1))]
    assert bids.shown_at(D("99.7")) == D(0)


def test_what_is_taken_is_not_available_until_the_level_changes() -> None:
    bids = side(is_bid=True)
    bids.take(D("99.9"), D("0.5"))
    bids.take(D("99.9"), D("1.5"))
    assert list(bids.available()) == [(D("99.7"), D(3))]
    assert bids.best_available() == D("99.7")
    assert bids.shown_at(D("99.9")) == D(2)
    bids.set(D("99.9"), D(2))
    assert bids.best_available() == D("99.9")


def test_an_empty_side_has_no_best() -> None:
    assert BookSide(is_bid=False).best_available() is None

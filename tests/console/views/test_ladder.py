"""The ladder puts sizes, own orders and the last trade beside the prices they belong to."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from console.glyphs import UNICODE
from console.replica import Replica
from console.views.cells import Cell
from console.views.ladder import LadderView, prices, row, view
from engine.core.market import TradeTick
from engine.core.status import LinkUpdate
from tests.console.fakes import BTC, BUY, NOW, NS, book, busy_link, status


@pytest.fixture
def replica() -> Replica:
    made = Replica()
    made.apply(busy_link().poll(), NOW)
    tick = TradeTick(symbol="BTCUSDT", side=BUY, qty=D("0.1"), price=D("60999.9"), ts=NOW)
    made.apply(LinkUpdate(books={"BTCUSDT": book(BTC)}, trades=[tick]), NOW)
    return made


def _view(replica: Replica, symbol: str = "BTCUSDT", size: str = "0.100") -> LadderView:
    return view(replica, symbol, size, UNICODE, stale=False)


def _row(made: LadderView, price: str) -> list[str]:
    return [cell.text for cell in row(made, D(price))]


def test_the_touch_is_in_the_middle(replica: Replica) -> None:
    made = _view(replica)
    assert (made.best_bid, made.best_ask, made.centre) == (D("60999.9"), D("61000.1"), D("61000.0"))


def test_a_level_of_the_book_has_its_size_on_its_side(replica: Replica) -> None:
    made = _view(replica)
    assert _row(made, "60999.9") == ["", "0.600", "60,999.9◂", "", ""]
    assert _row(made, "61000.1") == ["", "", "61,000.1 ", "0.600", ""]
    assert _row(made, "61000.0") == ["", "", "61,000.0 ", "", ""]


def test_own_orders_stand_beside_the_level(replica: Replica) -> None:
    made = _view(replica)
    assert _row(made, "60999.0") == ["▸0.300", "1.500", "60,999.0 ", "", ""]
    assert _row(made, "61100.0")[4] == "◂0.010"
    assert made.order_ids(made.symbol, D("60999.0")) == ("c-003",)


def test_last_trade_and_touch_stand_out(replica: Replica) -> None:
    made = _view(replica)
    looks = [row(made, D(price))[2].style for price in ("60999.9", "61000.1", "61000.0")]
    assert looks == ["last", "value", "text"]


def test_sides_are_told_by_place_and_hue(replica: Replica) -> None:
    made = _view(replica)
    assert row(made, D("60999.9"))[1] == Cell("0.600", "buy")
    assert row(made, D("61000.1"))[3] == Cell("0.600", "sell")


def test_the_title_names_market_and_size(replica: Replica) -> None:
    assert _view(replica).title == "BTCUSDT  size 0.100"
    assert _view(replica, size="").title == "BTCUSDT"


def test_an_old_book_says_how_old(replica: Replica) -> None:
    replica.apply(LinkUpdate(status=status(ts=NOW + 75 * NS)), NOW)
    assert _view(replica).title == "BTCUSDT  size 0.100  STALE 1m15"


def test_without_a_market_there_is_no_centre(replica: Replica) -> None:
    made = _view(replica, "ETHUSDT")
    assert made.centre is None
    assert _view(replica, "NOSUCH").tick is None
    assert _view(replica, "NOSUCH").centre is None


def test_one_side_is_centre_enough() -> None:
    made = LadderView(symbol="X", tick=D("0.5"), best_bid=D("100.0"))
    assert made.centre == D("100.0")


def test_the_centre_is_on_the_tick() -> None:
    made = LadderView(symbol="X", tick=D("0.5"), best_bid=D("100.0"), best_ask=D("100.5"))
    assert made.centre == D("100.0")


def test_prices_go_down_by_ticks_and_stop_above_zero() -> None:
    assert prices(D("1.0"), D("0.5"), 5) == [D("1.0"), D("0.5")]
    assert prices(D("61000.1"), D("0.1"), 3) == [D("61000.1"), D("61000.0"), D("60999.9")]

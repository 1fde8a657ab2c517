"""The row of an order says what it is, what became of it, and for how long."""

from __future__ import annotations

from decimal import Decimal as D

import msgspec
import pytest

from console.glyphs import ASCII, UNICODE, Glyphs
from console.replica import Changes, Replica
from console.views.blotter import COLUMNS, age_text, note, row, view
from engine.core.events import EventType
from engine.core.instruments import Instrument
from engine.core.orders.terms import Trigger, TriggerDirection
from tests.console.fakes import BTC, BUY, NOW, NS, FakeLink, busy_link, happened, order_events


@pytest.fixture
def replica() -> Replica:
    made = Replica()
    made.apply(busy_link().poll(), NOW)
    return made


def _row(replica: Replica, order_id: str, glyphs: Glyphs = UNICODE) -> dict[str, str]:
    order = replica.state.orders.orders[order_id]
    cells = row(order, replica.state.instruments.get(order.symbol), NOW, glyphs)
    return {column.key: cell.text for column, cell in zip(COLUMNS, cells, strict=True)}


def test_a_working_order_in_full(replica: Replica) -> None:
    assert _row(replica, "c-003") == {
        "time": "14:03:10.442",
        "id": "c-003",
        "symbol": "BTCUSDT",
        "side": "B▲",
        "qty": "0.500",
        "price": "60,999.0",
        "filled": "0.200",
        "avg": "60,999.0",
        "state": "◐ PARTIAL",
        "retries": "0",
        "age": "12s",
        "note": "",
    }


def test_an_order_without_a_fill_has_no_average(replica: Replica) -> None:
    assert _row(replica, "c-004")["avg"] == "–"
    assert _row(replica, "c-004", ASCII)["avg"] == "-"


def test_a_denied_order_says_which_limit_it_broke(replica: Replica) -> None:
    cells = _row(replica, "c-009")
    assert cells["state"] == "! DENIED"
    assert cells["note"] == "MAX_ORDER_NOTIONAL 54,900,000 (limit 1,000,000)"


def test_what_the_venue_says_is_plain_text(replica: Replica) -> None:
    assert _row(replica, "c-007")["note"] == "POST_ONLY would take [/b] \\[red]"


def test_terms_that_differ_from_the_usual_are_noted(replica: Replica) -> None:
    assert _row(replica, "c-010")["note"] == "reduce-only"


def test_a_market_order_says_so_where_its_price_would_be() -> None:
    link, replica = FakeLink(), Replica()
    link.push(*order_events("m", BTC, BUY, "0.100", None, 1))
    replica.apply(link.poll(), NOW)
    assert _row(replica, "m")["price"] == "MARKET"
    assert _row(replica, "m")["note"] == "IOC"


def test_an_amend_under_way_shows_where_it_goes(replica: Replica) -> None:
    link = FakeLink(state=replica.state)
    link.push(happened("c-004", EventType.REPLACE_REQUEST, 0, price=D("2711.5")))
    assert note(replica.state.orders.orders["c-004"], UNICODE) == "→ 2 @ 2,711.5"


def test_an_open_order_ages_in_whole_seconds_and_a_closed_one_lived(replica: Replica) -> None:
    orders = replica.state.orders.orders
    assert age_text(orders["c-004"], NOW + 60 * NS) == "1m09"
    assert age_text(orders["c-008"], NOW + 60 * NS) == "1.1s"


def test_without_an_instrument_numbers_are_shown_as_they_came(replica: Replica) -> None:
    order = replica.state.orders.orders["c-004"]
    none: Instrument | None = None
    texts = [cell.text for cell in row(order, none, NOW, UNICODE)]
    assert texts[4:6] == ["2", "2,710.2"]


def test_closed_orders_step_back(replica: Replica) -> None:
    orders = replica.state.orders.orders
    styles = {
        order_id: [cell.style for cell in row(orders[order_id], BTC, NOW, UNICODE)][2]
        for order_id in ("c-001", "c-003")
    }
    assert styles == {"c-001": "muted", "c-003": "value"}


def test_the_view_shares_the_orders_and_copies_nothing(replica: Replica) -> None:
    made = view(replica, Changes(orders={"c-003"}), UNICODE, stale=True)
    assert made.orders is replica.state.orders.orders
    assert (made.changed, made.open_count, made.now_ns, made.stale) == ({"c-003"}, 6, NOW, True)


def test_a_cancel_that_was_asked_for_is_no_alarm(replica: Replica) -> None:
    asked, denied = (
        msgspec.structs.replace(replica.state.orders.orders["c-009"], reason=reason)
        for reason in ("USER", "MAX_ORDER_NOTIONAL")
    )
    btc = replica.state.instruments["BTCUSDT"]
    assert row(asked, btc, NOW, UNICODE)[-1].style == "muted"
    assert row(denied, btc, NOW, UNICODE)[-1].style == "bad"


def test_a_stop_shows_what_it_waits_for_where_others_show_their_price(replica: Replica) -> None:
    order = replica.state.orders.orders["c-003"]
    order.trigger = Trigger(D("61500.0"), TriggerDirection.RISES)
    assert _row(replica, "c-003")["note"] == "once last rises to 61500.0"
    order.price = None
    assert _row(replica, "c-003")["price"] == "→61,500.0"
    order.triggered = True
    assert _row(replica, "c-003")["price"] == "MARKET"
    order.triggered, order.pending_trigger = False, D("61600.0")
    assert _row(replica, "c-003")["note"].startswith("→ 0.5 @ – once at 61,600 ")

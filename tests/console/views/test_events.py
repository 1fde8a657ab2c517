"""Every kind of event reads as one plain line."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from console.glyphs import ASCII, UNICODE
from console.replica import LogEntry, Replica
from console.theme import MEANINGS
from console.views import events as views
from console.views.events import Told, change_text, describe, row, view
from engine.core import events as ev
from engine.core.events import EventType
from engine.core.limits import PAPER_LIMITS
from engine.core.orders.machine import Order
from engine.core.orders.terms import Trigger, TriggerDirection
from engine.core.settings import MarketSettings
from engine.core.types import (
    NOT_ARRIVED,
    DriftAction,
    KillLevel,
    Liquidity,
    OrderState,
    Side,
    TradingState,
)
from tests.console.fakes import BTC, NOW, busy_link, fill

ORDER = {
    "ts": NOW,
    "client_order_id": "c-1",
    "symbol": "BTCUSDT",
    "side": Side.BUY,
    "qty": D("0.500"),
    "price": D("61000.0"),
}
RECALLED = Order(client_order_id="c-1", symbol="BTCUSDT", side=Side.BUY, qty=D("0.500"))


def _told(event: ev.Event) -> str:
    return " | ".join(describe(event))


def _order(type: EventType, **fields: object) -> ev.OrderEvent:
    return ev.OrderEvent(type, "c-1", NOW, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (ev.OrderSubmitted(command_id="k", reduce_only=True, by="ops", **ORDER),  # type: ignore[arg-type]
         "c-1 | Buy 0.5 BTCUSDT @ 61,000 reduce-only by ops | text"),
        (ev.OrderDenied(command_id="k", code="COLLAR", value="12 %", limit="10 %", **ORDER),  # type: ignore[arg-type]
         "c-1 | denied COLLAR: 12 % (limit 10 %) Buy 0.5 BTCUSDT @ 61,000 | bad"),
        (ev.OrderDenied(command_id="k", code="COLLAR", value="90000", limit="67150.5", **ORDER),  # type: ignore[arg-type]
         "c-1 | denied COLLAR: 90,000 (limit 67,150.5) Buy 0.5 BTCUSDT @ 61,000 | bad"),
        (ev.OrderAdopted(exchange_order_id="x", **(ORDER | {"price": None})),  # type: ignore[arg-type]
         "c-1 | found at the venue, external: Buy 0.5 BTCUSDT @ market | warn"),
        (ev.OrderAdopted(exchange_order_id="x", by="recovered", **(ORDER | {"price": None})),  # type: ignore[arg-type]
         "c-1 | ours, and in no journal: Buy 0.5 BTCUSDT @ market | bad"),
        (ev.OrderAdopted(exchange_order_id="x", by="venue StopLoss",
                         trigger=Trigger(D("60000.0"), TriggerDirection.FALLS),
                         **(ORDER | {"price": None})),  # type: ignore[arg-type]
         "c-1 | made by the venue StopLoss: Buy 0.5 BTCUSDT @ market once last falls to 60000.0"
         " | text"),
        (ev.SettingAsked(ts=NOW, command_id="c", symbol="BTCUSDT", leverage=D(5), by="ops"),
         "BTCUSDT | leverage 5 asked for by ops | warn"),
        (ev.SettingAsked(ts=NOW, command_id="c", symbol="BTCUSDT", hedged=True, by="ops"),
         "BTCUSDT | hedge mode asked for by ops | warn"),
        (ev.SettingAsked(ts=NOW, command_id="c", symbol="BTCUSDT", hedged=False, by="ops"),
         "BTCUSDT | one-way mode asked for by ops | warn"),
        (ev.SettingsChanged(ts=NOW, markets=(
            MarketSettings("BTCUSDT", hedged=True, leverage=D(5)), MarketSettings("ETHUSDT"))),
         "settings | at the venue: BTCUSDT 5x hedge, ETHUSDT ?x | text"),
        (_order(EventType.ORDER_ACK, exchange_order_id="0f5c9a3e-77aa-4c", attempts=2),
         "c-1 | acknowledged as 0f5c9a3e-77a… after 2 attempts | text"),
        (fill("c-1", "91af5521-77aa", "0.200", "61000.5", 0),
         "c-1 | filled 0.2@61,000.5 exec 91af5521-… Maker fee 0.5 USDT | value"),
        (_order(EventType.PARTIAL_FILL, exec_id="e", last_qty=D("1"), last_price=D("2")),
         "c-1 | filled 1@2 exec e | value"),
        (_order(EventType.FULL_FILL, exec_id="e", last_qty=D("1"), last_price=D("2"),
                liquidity=Liquidity.TAKER), "c-1 | filled 1@2 exec e Taker | value"),
        (_order(EventType.SEND_UNKNOWN, text="timeout 600 ms"),
         "c-1 | no answer: asking the venue timeout 600 ms | warn"),
        (_order(EventType.ORDER_REJECT, reason="POST_ONLY", text="[/b]"),
         "c-1 | rejected by the venue POST_ONLY [/b] | bad"),
        (_order(EventType.CANCEL_ACK, reason="USER", text="EC_PerCancelRequest CancelByUser"),
         "c-1 | canceled on request | text"),
        (ev.PnlBaseline(ts=NOW, balances={"USDT": D(1)}, realized={}),
         "P&L | compared with the venue from now on (1 coin) | muted"),
        (_order(EventType.REPLACE_REQUEST, qty=D("2"), price=D("61001")),
         "c-1 | amend asked for qty 2 price 61,001 | text"),
        (_order(EventType.STATUS_REPORT, status=OrderState.NEW, cum_qty=D("0.1")),
         "c-1 | venue says New filled 0.1 | muted"),
        (ev.CommandRefused(ts=NOW, command_id="k", command="cancel", code="NO_SUCH_ORDER"),
         "command | cancel refused: NO_SUCH_ORDER | bad"),
        (ev.TradingStateChanged(ts=NOW, state=TradingState.HALTED, by="ops", reason="drill"),
         "trading | HALTED by ops: drill | halted"),
        (ev.TradingStateChanged(ts=NOW, state=TradingState.ACTIVE, by="ops"),
         "trading | ACTIVE by ops | good"),
        (ev.TradingStateChanged(ts=NOW, state=TradingState.REDUCING, by="risk", symbol="BTCUSDT"),
         "BTCUSDT | REDUCING by risk | warn"),
        (ev.LimitsChanged(ts=NOW, limits=PAPER_LIMITS, by="ops", text="a from 5 to 4"),
         "limits | changed by ops: a from 5 to 4 | warn"),
        (ev.LimitsChanged(ts=NOW, limits=PAPER_LIMITS, by="configuration", loosened=("a",)),
         "limits | changed by configuration | bad"),
        (ev.LimitsPending(ts=NOW, pending=(), by="ops", text="a from 4 to 5 in 60 s"),
         "limits | a from 4 to 5 in 60 s by ops | warn"),
        (ev.KillStarted(ts=NOW, kill_id="k", level=KillLevel.KILL, blocked_at=NOW, by="ops",
                        targets=("a", "b")), "kill | kill by ops: cancels 2 orders | halted"),
        (ev.KillProgress(ts=NOW, kill_id="k", residual=("a",)), "kill | 1 left a | warn"),
        (ev.KillProgress(ts=NOW, kill_id="k", residual=("a",), done=True),
         "kill | INCOMPLETE: 1 left a | bad"),
        (ev.KillProgress(ts=NOW, kill_id="k", verified_zero_at=NOW, done=True),
         "kill | verified: the venue shows zero open orders | good"),
        (ev.Reconciled(ts=NOW, error="timeout"), "reconcile | failed: timeout | bad"),
        (ev.Reconciled(ts=NOW, alarms=("a1: no answer",)),
         "reconcile | for you to look at: a1: no answer | bad"),
        (ev.DriftSettled(ts=NOW, symbol="BTCUSDT", action=DriftAction.ADOPT, qty=D("-0.2"),
                         price=D("61000.5"), reason="web", by="ana"),
         "drift | adopt -0.2 BTCUSDT at 61,000.5 by ana: web | warn"),
        (ev.DriftSettled(ts=NOW, symbol="BTCUSDT", action=DriftAction.IGNORE, qty=D(1),
                         until_ts=NOW, reason="web", by="ana"),
         "drift | ignore +1 BTCUSDT until 14:03:22 by ana: web | warn"),
        (ev.Reconciled(ts=NOW, open_orders=3, external_orders=("x",), duration_s=0.012),
         "reconcile | no drift; 3 open orders, 1 external in 12.0 ms | good"),
        (ev.Reconciled(ts=NOW, drift=(ev.Drift(symbol="BTCUSDT", ours=D("0.7"), venue=D("0.5"),
                                               since_ts=NOW),)),
         "reconcile | drift BTCUSDT -0.2; 0 open orders in 0.0 ms | bad"),
        (ev.ConnectivityChanged(ts=NOW, link="private", up=False, text="1006"),
         "link | private stream down: 1006 | bad"),
        (ev.EngineStarted(ts=NOW, account="paper", venue="bybit", environment="local", run=2),
         "engine | run 2 of paper on bybit local | value"),
        (ev.OrderRecalled(ts=NOW, client_order_id="c-1", order=RECALLED),
         "c-1 | read back from the journal | muted"),
        (ev.OrderRecalled(ts=NOW, client_order_id="c-1", error="no disk"),
         "c-1 | not read back from the journal: no disk | bad"),
        (ev.KeyNoted(ts=NOW, warnings=("bind it", "renew it")), "key | bind it; renew it | warn"),
        (ev.InstrumentsChanged(ts=NOW, instruments=(BTC,)), "engine | 1 instruments | muted"),
    ],
)  # fmt: skip
def test_an_event_is_one_line(event: ev.Event, line: str) -> None:
    assert _told(event) == line


@pytest.mark.parametrize("type", list(EventType))
def test_every_type_of_order_event_is_told(type: EventType) -> None:
    told = describe(_order(type))
    assert told.subject == "c-1"
    assert told.text
    assert told.style in MEANINGS


def test_every_event_of_the_union_is_told() -> None:
    assert set(views._TELLERS) == set(ev.Event.__args__)


def test_a_change_of_state_is_shown_as_one() -> None:
    entry = LogEntry(1, _order(EventType.PARTIAL_FILL), OrderState.NEW, OrderState.PARTIALLY_FILLED)
    assert change_text(entry, UNICODE) == "ACKED→PARTIAL"
    assert change_text(entry, ASCII) == "ACKED->PARTIAL"


def test_a_state_that_stays_is_shown_alone() -> None:
    entry = LogEntry(1, _order(EventType.PARTIAL_FILL), OrderState.NEW, OrderState.NEW)
    assert change_text(entry, UNICODE) == "ACKED"
    first = LogEntry(1, _order(EventType.ORDER_SENT), "", OrderState.PENDING)
    assert change_text(first, UNICODE) == "SENT"
    assert change_text(LogEntry(1, ev.Reconciled(ts=1)), UNICODE) == ""


def test_the_row_has_time_subject_change_and_words() -> None:
    replica = Replica()
    replica.apply(busy_link().poll(), NOW)
    made = view(replica, UNICODE, stale=False)
    assert made.log is replica.log
    assert [cell.text for cell in row(made.log[-1], UNICODE)] == [
        "14:03:21.442",
        "c-011",
        "SENT",
        "Buy 20 SOLUSDT @ 148 by operator",
    ]


def test_told_is_plain_unless_it_says_otherwise() -> None:
    assert Told("a", "b").style == "text"


@pytest.mark.parametrize(
    ("type", "text", "told"),
    [
        (
            EventType.REPLACE_REJECT,
            "terms unchanged at the venue",
            "amend did not arrive: terms unchanged at the venue",
        ),
        (
            EventType.CANCEL_REJECT,
            "still open at the venue",
            "cancel did not arrive: still open at the venue",
        ),
    ],
)
def test_what_never_arrived_was_refused_by_nobody(type: EventType, text: str, told: str) -> None:
    assert describe(_order(type, reason=NOT_ARRIVED, text=text)) == Told("c-1", told, "warn")

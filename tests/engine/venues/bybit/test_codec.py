"""Private rows become reports; hostile ones become counts."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.orders.terms import Attached, Exit, Trigger, TriggerBy, TriggerDirection
from engine.core.reports import (
    CashReport,
    FillEvent,
    InputLost,
    OrderReport,
    PositionReport,
    UnknownExecution,
    VenueStatus,
    WalletReport,
)
from engine.core.types import CashKind, Liquidity, OrderType, Side, TimeInForce
from engine.venues.bybit.codec import Codec
from engine.venues.bybit.instruments import SymbolMap
from engine.venues.bybit.quarantine import KEPT_BYTES, KEPT_ITEMS, Quarantine
from engine.venues.reasons import Reason

ORDER: dict[str, Any] = {
    "category": "linear",
    "symbol": "SOLUSDT",
    "orderId": "f38c5e38-46ef-4a8a-b115-fd3392d4f144",
    "orderLinkId": "o-1",
    "side": "Buy",
    "orderStatus": "New",
    "cancelType": "UNKNOWN",
    "rejectReason": "EC_NoError",
    "timeInForce": "GTC",
    "price": "99",
    "qty": "0.1",
    "avgPrice": "",
    "leavesQty": "0.1",
    "cumExecQty": "0",
    "orderType": "Limit",
    "reduceOnly": False,
    "createdTime": "1727433748480",
    "updatedTime": "1727433749095",
    "aFieldOfNextYear": {"nested": [1, 2]},
}
EXECUTION: dict[str, Any] = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "execFee": "26.3725275",
    "execId": "0ab1bdf7-4219-438b-b30a-32ec863018f7",
    "execPrice": "95900.1",
    "execQty": "0.5",
    "execType": "Trade",
    "orderId": "9aac161b-8ed6-450d-9cab-c5cc67c21784",
    "orderLinkId": "o-2",
    "side": "Sell",
    "execTime": "1746270400353",
    "isMaker": False,
    "feeCurrency": "USDT",
}
POSITION: dict[str, Any] = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "side": "Sell",
    "size": "0.5",
    "entryPrice": "61000.5",
    "positionIdx": 0,
    "updatedTime": "1697682317038",
}


def _message(topic: str, *rows: object) -> bytes:
    return json.dumps({"id": "1", "topic": topic, "creationTime": 1, "data": rows}).encode()


@pytest.fixture
def quarantine() -> Quarantine:
    return Quarantine()


@pytest.fixture
def codec(quarantine: Quarantine) -> Codec:
    return Codec(SymbolMap(), quarantine)


def _order(codec: Codec, **changes: object) -> OrderReport:
    (report,) = codec.private(_message("order", ORDER | changes)) or []
    assert isinstance(report, OrderReport)
    return report


def test_an_order_row_becomes_a_report(codec: Codec) -> None:
    assert _order(codec) == OrderReport(
        client_order_id="o-1",
        exchange_order_id="f38c5e38-46ef-4a8a-b115-fd3392d4f144",
        symbol="SOLUSDT",
        side=Side.BUY,
        status=VenueStatus.NEW,
        qty=Decimal("0.1"),
        price=Decimal(99),
        cum_qty=Decimal(0),
        avg_price=None,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        ts=1_727_433_749_095_000_000,
    )


@pytest.mark.parametrize(
    ("venue", "status"),
    [
        ("New", VenueStatus.NEW),
        ("PartiallyFilled", VenueStatus.PARTIALLY_FILLED),
        ("Filled", VenueStatus.FILLED),
        ("Cancelled", VenueStatus.CANCELED),
        ("PartiallyFilledCanceled", VenueStatus.CANCELED),
        ("Deactivated", VenueStatus.CANCELED),
        ("Rejected", VenueStatus.REJECTED),
        ("Untriggered", VenueStatus.UNTRIGGERED),
        ("Triggered", VenueStatus.TRIGGERED),
        ("SomethingNew", VenueStatus.OTHER),
    ],
)
def test_every_status_has_its_meaning(codec: Codec, venue: str, status: VenueStatus) -> None:
    assert _order(codec, orderStatus=venue).status is status


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("orderStatus", "order_status"),
        ("orderType", "order_type"),
        ("timeInForce", "time_in_force"),
    ],
)
def test_an_unknown_word_is_counted_and_kept(
    codec: Codec, quarantine: Quarantine, field: str, kind: str
) -> None:
    _order(codec, **{field: "Something\u202eNew"})
    assert quarantine.counts == {kind: 1}
    assert quarantine.kept[0] == (kind, "Something\u202eNew".encode())
    assert quarantine.last == f"{kind}: SomethingNew"


def test_a_rejection_with_fills_is_a_cancel(codec: Codec) -> None:
    assert _order(codec, orderStatus="Rejected", cumExecQty="0.05").status is VenueStatus.CANCELED


@pytest.mark.parametrize(
    ("row", "reason", "text"),
    [
        (
            {"rejectReason": "EC_PostOnlyWillTakeLiquidity", "timeInForce": "PostOnly"},
            Reason.POST_ONLY_WOULD_TAKE,
            "EC_PostOnlyWillTakeLiquidity",
        ),
        (
            {"rejectReason": "EC_NoImmediateQtyToFill", "timeInForce": "IOC"},
            Reason.IOC_REMAINDER,
            "EC_NoImmediateQtyToFill",
        ),
        (
            {"rejectReason": "EC_CancelForNoFullFill", "timeInForce": "FOK"},
            Reason.FOK_NOT_FILLED,
            "EC_CancelForNoFullFill",
        ),
        (
            {"rejectReason": "EC_NoEnoughQtyToFill", "orderType": "Market", "timeInForce": "IOC"},
            Reason.IOC_REMAINDER,
            "EC_NoEnoughQtyToFill",
        ),
        (
            {"cancelType": "CancelByUser", "rejectReason": "EC_PerCancelRequest"},
            Reason.USER,
            "EC_PerCancelRequest CancelByUser",
        ),
        ({"cancelType": "CancelByReduceOnly"}, Reason.REDUCE_ONLY, "CancelByReduceOnly"),
        ({"cancelType": "CancelAllBeforeLiq"}, Reason.LIQUIDATION, "CancelAllBeforeLiq"),
        ({"cancelType": "CancelByDCP"}, Reason.DISCONNECT, "CancelByDCP"),
        ({"cancelType": "CancelBySmp"}, Reason.SELF_MATCH, "CancelBySmp"),
        ({"cancelType": "CancelByNextYear"}, Reason.VENUE, "CancelByNextYear"),
        ({"rejectReason": "EC_DuplicatedClOrdID"}, Reason.DUPLICATE_ID, "EC_DuplicatedClOrdID"),
        ({}, Reason.VENUE, ""),
        ({"cancelType": "\x1b[31m\u202ex"}, Reason.VENUE, "[31mx"),
    ],
)
def test_an_ended_order_says_why(
    codec: Codec, row: dict[str, str], reason: Reason, text: str
) -> None:
    report = _order(codec, orderStatus="Cancelled", **row)
    assert (report.reason, report.text) == (reason, text)


def test_the_second_filled_row_of_a_lost_cancel_race_is_still_filled(codec: Codec) -> None:
    report = _order(
        codec,
        orderStatus="Filled",
        cumExecQty="0.1",
        cancelType="CancelByUser",
        rejectReason="EC_OrigClOrdIDDoesNotExist",
    )
    assert (report.status, report.reason, report.text) == (VenueStatus.FILLED, "", "")


def test_a_market_order_has_no_price(codec: Codec) -> None:
    report = _order(codec, orderType="Market", timeInForce="IOC", price="120518")
    assert (report.type, report.price) == (OrderType.MARKET, None)


@pytest.mark.parametrize("nothing", ["", "0", "0.00", None])
def test_nothing_is_none_however_it_is_written(codec: Codec, nothing: str | None) -> None:
    report = _order(codec, price=nothing, avgPrice=nothing, cumExecQty=nothing)
    assert (report.price, report.avg_price, report.cum_qty) == (None, None, Decimal(0))


def test_spot_symbols_have_a_slash(codec: Codec) -> None:
    assert _order(codec, category="spot", symbol="BTCUSDT").symbol == "BTC/USDT"
    assert _order(codec, category="spot", symbol="ETHBTC").symbol == "ETH/BTC"
    assert _order(codec, category="spot", symbol="ODD").symbol == "ODD/"


def test_an_execution_becomes_a_fill(codec: Codec) -> None:
    assert codec.private(_message("execution", EXECUTION)) == [
        FillEvent(
            exec_id="0ab1bdf7-4219-438b-b30a-32ec863018f7",
            client_order_id="o-2",
            symbol="BTCUSDT",
            side=Side.SELL,
            qty=Decimal("0.5"),
            price=Decimal("95900.1"),
            fee=Decimal("26.3725275"),
            fee_currency="USDT",
            liquidity=Liquidity.TAKER,
            ts=1_746_270_400_353_000_000,
            exchange_order_id="9aac161b-8ed6-450d-9cab-c5cc67c21784",
            exec_ts=1_746_270_400_353_000_000,
        )
    ]


def test_an_execution_tells_its_place_among_others_and_what_the_venue_says_it_gained(
    codec: Codec,
) -> None:
    row = EXECUTION | {"seq": 140612148849382, "execPnl": "0.05"}
    spot = row | {"category": "spot"}
    fill, sold = codec.private(_message("execution", row, spot)) or []
    assert isinstance(fill, FillEvent)
    assert isinstance(sold, FillEvent)
    assert (fill.seq, fill.venue_pnl) == (140612148849382, Decimal("0.05"))
    assert sold.venue_pnl is None


def test_an_execution_without_a_fee_has_one_that_is_not_known(codec: Codec) -> None:
    (fill,) = codec.private(_message("execution", EXECUTION | {"execFee": ""})) or []
    assert isinstance(fill, FillEvent)
    assert (fill.fee, fill.fee_assumed) == (Decimal(0), True)


@pytest.mark.parametrize(
    ("row", "currency"),
    [
        ({"feeCurrency": ""}, "USDT"),
        ({"feeCurrency": "", "category": "spot", "side": "Buy"}, "BTC"),
        ({"feeCurrency": "", "category": "spot", "side": "Sell"}, "USDT"),
        ({"feeCurrency": "MNT"}, "MNT"),
    ],
)
def test_a_fee_without_a_currency_takes_the_venues_rule(
    codec: Codec, row: dict[str, str], currency: str
) -> None:
    (fill,) = codec.private(_message("execution", EXECUTION | row)) or []
    assert isinstance(fill, FillEvent)
    assert fill.fee_currency == currency


def test_a_rebate_is_a_negative_fee_and_a_maker_is_told(codec: Codec) -> None:
    row = EXECUTION | {"execFee": "-1.5", "isMaker": True}
    (fill,) = codec.private(_message("execution", row)) or []
    assert isinstance(fill, FillEvent)
    assert (fill.fee, fill.liquidity) == (Decimal("-1.5"), Liquidity.MAKER)


def test_funding_is_cash_and_no_fill(codec: Codec) -> None:
    row = EXECUTION | {"execType": "Funding", "execFee": "1.25"}
    paid = CashReport(
        cash_id=EXECUTION["execId"],
        currency="USDT",
        kind=CashKind.FUNDING,
        amount=Decimal("-1.25"),
        symbol="BTCUSDT",
        ts=1_746_270_400_353_000_000,
    )
    assert codec.private(_message("execution", row, row | {"feeCurrency": ""})) == [paid, paid]


def test_a_new_kind_of_execution_is_quarantined_whole_and_told_as_unknown(
    codec: Codec, quarantine: Quarantine
) -> None:
    row = EXECUTION | {"execType": "Lottery\x1b[2J"}
    assert codec.private(_message("execution", row)) == [
        UnknownExecution(exec_id=EXECUTION["execId"], symbol="BTCUSDT", exec_type="Lottery[2J")
    ]
    assert quarantine.counts == {"exec_type": 1}
    assert EXECUTION["execId"].encode() in quarantine.kept[0][1]


@pytest.mark.parametrize("kind", ["AdlTrade", "BustTrade", "Delivery", "Settle"])
def test_executions_without_an_order_of_ours_still_move_the_position(
    codec: Codec, kind: str
) -> None:
    row = EXECUTION | {"execType": kind, "orderLinkId": ""}
    (fill,) = codec.private(_message("execution", row)) or []
    assert isinstance(fill, FillEvent)
    assert fill.client_order_id == ""


def test_a_position_is_signed(codec: Codec) -> None:
    assert codec.private(_message("position", POSITION)) == [
        PositionReport(
            symbol="BTCUSDT",
            qty=Decimal("-0.5"),
            avg_price=Decimal("61000.5"),
            ts=1_697_682_317_038_000_000,
        )
    ]


@pytest.mark.parametrize("side", ["", "None"])
def test_a_flat_position_has_no_side(codec: Codec, side: str) -> None:
    row = POSITION | {"side": side, "size": "0", "entryPrice": "0"}
    (report,) = codec.private(_message("position", row)) or []
    assert isinstance(report, PositionReport)
    assert (report.qty, report.avg_price) == (Decimal(0), None)


def test_each_side_of_a_hedge_is_a_position_of_its_own(codec: Codec) -> None:
    held, empty = POSITION | {"positionIdx": 2}, POSITION | {"positionIdx": 1, "size": "0"}
    reports = codec.private(_message("position", held, empty | {"side": ""})) or []
    assert [(r.position_index, r.qty) for r in reports if isinstance(r, PositionReport)] == [
        (2, Decimal("-0.5")),
        (1, Decimal(0)),
    ]


@pytest.mark.parametrize(("index", "side"), [(1, "Sell"), (2, "Buy"), (3, "Buy")])
def test_a_side_of_a_hedge_that_is_on_the_other_side_is_unreadable(
    codec: Codec, quarantine: Quarantine, index: int, side: str
) -> None:
    row = POSITION | {"positionIdx": index, "side": side}
    assert codec.private(_message("position", row)) == []
    assert quarantine.counts == {"position_row": 1}


def test_a_position_says_its_leverage_and_where_it_is_liquidated(codec: Codec) -> None:
    row = POSITION | {"leverage": "12.5", "liqPrice": "70000.5"}
    none = POSITION | {"leverage": "", "liqPrice": ""}
    reports = codec.private(_message("position", row, none, POSITION)) or []
    assert [(r.leverage, r.liq_price) for r in reports if isinstance(r, PositionReport)] == [
        (Decimal("12.5"), Decimal("70000.5")),
        (None, None),
        (None, None),
    ]


@pytest.mark.parametrize(
    "spoiled",
    [{"leverage": "0.5"}, {"leverage": "1001"}, {"leverage": "NaN"}, {"liqPrice": "-1"}],
)
def test_a_leverage_or_a_liquidation_price_that_is_none_spoils_its_row(
    codec: Codec, quarantine: Quarantine, spoiled: dict[str, str]
) -> None:
    (report,) = codec.private(_message("position", POSITION | spoiled, POSITION)) or []
    assert isinstance(report, PositionReport)
    assert quarantine.counts == {"position_row": 1}


TOTALS = {
    "totalEquity": "10262.91335023",
    "totalMarginBalance": "9684.46",
    "totalInitialMargin": "120.5",
    "totalMaintenanceMargin": "0",
    "coin": [],
}


def test_the_wallet_says_what_the_account_has_and_what_it_needs(codec: Codec) -> None:
    assert codec.private(_message("wallet", TOTALS)) == [
        WalletReport(
            equity=Decimal("10262.91335023"),
            margin_balance=Decimal("9684.46"),
            initial_margin=Decimal("120.5"),
            maintenance_margin=Decimal(0),
        )
    ]


def test_what_a_wallet_does_not_tell_is_not_zero(codec: Codec) -> None:
    untold = dict.fromkeys(TOTALS, "") | {"totalEquity": "-5", "coin": []}
    assert codec.private(_message("wallet", untold, {"coin": []})) == [
        WalletReport(equity=Decimal(-5)),
        WalletReport(),
    ]


@pytest.mark.parametrize(
    "spoiled",
    [
        {"totalEquity": "NaN"},
        {"totalEquity": "1e18"},
        {"totalEquity": 7},
        {"totalInitialMargin": "-1"},
        {"totalMaintenanceMargin": "-0.01"},
        {"totalMarginBalance": " 1"},
        {"coin": "none"},
    ],
)
def test_a_wallet_that_makes_no_sense_is_set_aside_alone(
    codec: Codec, quarantine: Quarantine, spoiled: dict[str, object]
) -> None:
    (report,) = codec.private(_message("wallet", TOTALS | spoiled, TOTALS)) or []
    assert isinstance(report, WalletReport)
    assert quarantine.counts == {"wallet_row": 1}


HOSTILE = [
    {"qty": "NaN"},
    {"qty": "Infinity"},
    {"qty": "1E+9999999"},
    {"qty": "9" * 5000},
    {"qty": "-1"},
    {"qty": 1},
    {"qty": None},
    {"price": "-5"},
    {"side": "Hold"},
    {"side": ""},
    {"orderId": "\x1b[2J"},
    {"orderId": "\u202e"},
    {"orderLinkId": "x" * 500},
    {"symbol": "BTC\nUSDT"},
    {"orderStatus": 7},
    {"updatedTime": "soon"},
    {"cumExecQty": "-1"},
    {"updatedTime": "9" * 400},
    {"updatedTime": "", "createdTime": ""},
    {"updatedTime": "0"},
    {"qty": "1e18"},
    {"cumExecQty": "1e-25"},
    {"qty": [1]},
    {"qty": {"a": 1}},
    {"side": None},
    {"symbol": None},
    {"reduceOnly": "yes"},
]


@pytest.mark.parametrize("changes", HOSTILE)
def test_one_bad_row_is_quarantined_and_its_neighbours_live(
    codec: Codec, quarantine: Quarantine, changes: dict[str, object]
) -> None:
    good = ORDER | {"orderLinkId": "good"}
    reports = codec.private(_message("order", good, ORDER | changes, good)) or []
    assert [r.client_order_id for r in reports if isinstance(r, OrderReport)] == ["good", "good"]
    assert reports[2:] == [InputLost(text="1 unreadable order rows")]
    assert quarantine.counts == {"order_row": 1}


def test_an_execution_of_nothing_is_a_bad_row(codec: Codec, quarantine: Quarantine) -> None:
    codec.private(_message("execution", EXECUTION | {"execQty": "0"}))
    assert quarantine.counts == {"execution_row": 1}


def test_a_missing_field_is_a_bad_row(codec: Codec, quarantine: Quarantine) -> None:
    row = {key: value for key, value in EXECUTION.items() if key != "execId"}
    reports = codec.private(_message("execution", row)) or []
    assert reports == [InputLost(text="1 unreadable execution rows")]
    assert quarantine.counts == {"execution_row": 1}


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"not json",
        b"[1,2,3]",
        b'{"topic":"order"}',
        b'{"topic":"order","data":{}}',
        b'{"topic":7,"data":[]}',
        b'{"topic":"order","data":' + b"[" * 100_000,
        b"\xff\xfe",
        b'{"topic":"order","data":[{"orderId":"\\ud800"}]',
    ],
)
def test_what_is_no_private_message_is_none(codec: Codec, message: bytes) -> None:
    assert codec.private(message) is None


def test_a_topic_nobody_asked_for_is_counted(codec: Codec, quarantine: Quarantine) -> None:
    assert codec.private(_message("greeks", {})) == []
    assert quarantine.counts == {"private_topic": 1}


def test_control_messages_are_recognised(codec: Codec) -> None:
    answer = codec.control(b'{"success":true,"ret_msg":"","op":"auth","conn_id":"x"}')
    assert answer is not None
    assert (answer.op, answer.success) == ("auth", True)
    pong = codec.control(b'{"req_id":"1","op":"pong","args":["1727434943071"],"conn_id":"x"}')
    assert pong is not None
    assert (pong.op, pong.success) == ("pong", None)
    assert codec.control(b"[]") is None


def test_the_quarantine_is_bounded() -> None:
    quarantine = Quarantine()
    for _ in range(1000):
        quarantine.note("kind", b"x" * 100_000)
    assert quarantine.counts["kind"] == 1000
    assert len(quarantine.kept) == KEPT_ITEMS
    assert {len(raw) for _, raw in quarantine.kept} == {KEPT_BYTES}


@given(st.binary(max_size=400))
def test_no_bytes_raise(message: bytes) -> None:
    codec = Codec(SymbolMap(), Quarantine())
    codec.private(message)
    codec.control(message)


@given(
    st.sampled_from(sorted(ORDER)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_no_field_can_break_the_stream(field: str, value: object) -> None:
    quarantine = Quarantine()
    codec = Codec(SymbolMap(), quarantine)
    reports = codec.private(_message("order", ORDER | {field: value}))
    # JSON has no NaN: a message with one is no message at all.
    assert reports is None or reports


# --- what an order waits for, and what the venue makes --------------------------------------------


def test_a_row_says_what_its_order_waits_for(codec: Codec) -> None:
    waits = {"triggerPrice": "95.5", "triggerDirection": 2, "triggerBy": "MarkPrice"}
    report = _order(codec, orderStatus="Untriggered", stopOrderType="Stop", **waits)
    assert report.trigger == Trigger(Decimal("95.5"), TriggerDirection.FALLS, TriggerBy.MARK)
    assert report.made_as == ""


def test_a_trigger_without_a_direction_is_a_stops(codec: Codec) -> None:
    for side, direction in (("Buy", TriggerDirection.RISES), ("Sell", TriggerDirection.FALLS)):
        report = _order(codec, side=side, triggerPrice="95", triggerDirection=0, triggerBy="")
        assert report.trigger == Trigger(Decimal(95), direction)


def test_a_row_says_what_its_order_brings_along(codec: Codec) -> None:
    report = _order(
        codec,
        takeProfit="110",
        tpTriggerBy="MarkPrice",
        tpLimitPrice="109.5",
        stopLoss="90",
        slTriggerBy="",
        slLimitPrice="0",
        tpslMode="Partial",
    )
    assert report.attached == Attached(
        Exit(Decimal(110), TriggerBy.MARK, Decimal("109.5")), Exit(Decimal(90)), partial=True
    )


@pytest.mark.parametrize("none", ["", "0", "0.00", None])
def test_every_spelling_of_nothing_is_nothing(codec: Codec, none: str | None) -> None:
    report = _order(codec, triggerPrice=none, takeProfit=none, stopLoss=none, tpslMode="UNKNOWN")
    assert (report.trigger, report.attached) == (None, None)


@pytest.mark.parametrize(
    ("made", "kind", "named"),
    [
        ("CreateByUser", "", ""),
        ("CreateByStopOrder", "Stop", ""),
        (None, None, ""),
        ("CreateByStopLoss", "StopLoss", "StopLoss"),
        ("CreateByUser", "StopLoss", "StopLoss"),
        ("CreateByPartialTakeProfit", "PartialTakeProfit", "PartialTakeProfit"),
        ("CreateByLiq", "UNKNOWN", "Liq"),
        ("CreateBy\x1b[31mNext", "", "[31mNext"),
    ],
)
def test_an_order_that_the_venue_made_says_what_for(
    codec: Codec, made: str | None, kind: str | None, named: str
) -> None:
    assert _order(codec, createType=made, stopOrderType=kind).made_as == named

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import SimClock, run_simulated
from engine.core.reports import CashReport, VenuePnl
from engine.core.types import CashKind, Category
from engine.venues.bybit import create_bybit_client
from tests.engine.venues.bybit.scripted import ScriptedTransport, page

T0 = 1_700_000_000_000_000_000
WALLET = "/v5/account/wallet-balance"
CLOSED = "/v5/position/closed-pnl"
LOG = "/v5/account/transaction-log"
COINS = page({"coin": [{"coin": "USDT", "walletBalance": "1000.5"}, {"coin": "BTC"}]})
ENTRY = {
    "id": "t1",
    "type": "TRANSFER_IN",
    "currency": "USDT",
    "change": "50",
    "transactionTime": "1700000000001",
}


def asked(
    answers: dict[str, list[Any]], since_ns: int = T0, category: str = "linear"
) -> tuple[VenuePnl, list[str]]:
    """What the client makes of a scripted venue, and what it asked for."""
    clock = SimClock(T0)
    transport = ScriptedTransport(answers)
    client = create_bybit_client(
        transport,
        clock,
        api_key="KEY",
        api_secret="SECRET",
        rng=random.Random(7),
        categories=[Category(category)],
    )
    return run_simulated(clock, client.pnl(since_ns)), [sent.query for sent in transport.sent]


def closed(side: str, **more: str) -> dict[str, str]:
    values = {"cumEntryValue": "100", "cumExitValue": "110", "closedPnl": "9.7", **more}
    return {"symbol": "BTCUSDT", "side": side, **values}


def test_without_a_time_to_begin_at_only_the_wallet_is_read() -> None:
    found, queries = asked({WALLET: [COINS]}, since_ns=0)
    assert (found.complete, found.since_ts, found.sent_ts) == (True, 0, T0)
    assert found.balances == {"USDT": Decimal("1000.5"), "BTC": Decimal(0)}
    assert (found.closed, found.cash) == ({}, ())
    assert queries == ["accountType=UNIFIED"]


def test_closed_pnl_is_before_fees_as_the_venue_says_or_by_the_values() -> None:
    rows = page(
        closed("Sell", openFee="0.1", closeFee="0.2"),
        closed("Sell", openFee="", closeFee=""),
        closed("Buy", cumEntryValue="90"),
    )
    found, queries = asked({WALLET: [COINS], CLOSED: [rows], LOG: [page()]})
    assert found.closed == {"BTCUSDT": Decimal("10.0") + 10 - 20}
    assert queries[1:] == [
        "category=linear&limit=100&startTime=1700000000000&endTime=1700604800000",
        "accountType=UNIFIED&limit=50&startTime=1700000000000&endTime=1700604800000",
    ]


def test_cash_is_what_the_executions_do_not_tell_of() -> None:
    rows = page(
        ENTRY,
        ENTRY | {"id": "t2", "type": "TRADE"},
        ENTRY | {"id": "t3", "type": "SETTLEMENT"},
        ENTRY | {"id": "t4", "type": "FEE_REFUND", "change": "0.5"},
    )
    found, _ = asked({WALLET: [COINS], LOG: [rows]}, category="spot")
    transfer = CashReport(
        cash_id="t1",
        currency="USDT",
        kind=CashKind.OTHER,
        amount=Decimal(50),
        text="TRANSFER_IN",
        ts=1_700_000_000_001_000_000,
    )
    assert found.cash[0] == transfer
    assert [(row.cash_id, row.kind) for row in found.cash[1:]] == [("t4", CashKind.FEE)]


@pytest.mark.parametrize(
    "answers",
    [
        {WALLET: [TimeoutError()]},
        {WALLET: [page({"coin": [{"coin": "USDT", "walletBalance": "NaN"}]})]},
        {WALLET: [page({"coins": []})]},
        {WALLET: [COINS], CLOSED: [page({"symbol": "BTCUSDT"})]},
        {WALLET: [COINS], LOG: [page(ENTRY | {"currency": "\x1b[2J"})]},
    ],
)
def test_what_cannot_be_read_counts_for_nothing(answers: dict[str, list[Any]]) -> None:
    found, _ = asked(answers)
    assert not found.complete
    assert found.error

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.core.events import CashBooked
from engine.core.ledger import cash
from engine.core.ledger.cash import CashLedger
from engine.core.types import CashKind


def entry(
    cash_id: str, amount: str, kind: CashKind = CashKind.FUNDING, currency: str = "USDT"
) -> CashBooked:
    return CashBooked(ts=1, cash_id=cash_id, kind=kind, amount=Decimal(amount), currency=currency)


def test_an_entry_is_booked_once_by_the_venues_id() -> None:
    ledger = CashLedger()
    assert ledger.book(entry("f1", "-1.5"))
    assert not ledger.book(entry("f1", "7"))
    assert ledger.has("f1")
    assert list(ledger.entries()) == [entry("f1", "-1.5")]
    assert ledger.total("USDT") == Decimal("-1.5")


def test_sums_are_by_currency_and_kind() -> None:
    ledger = CashLedger()
    ledger.book(entry("f1", "-1.5"))
    ledger.book(entry("f2", "2"))
    ledger.book(entry("t1", "100", CashKind.OTHER))
    ledger.book(entry("t2", "3", CashKind.OTHER, currency="BTC"))
    assert ledger.total("USDT", CashKind.FUNDING) == Decimal("0.5")
    assert ledger.total("USDT") == Decimal("100.5")
    assert ledger.total("BTC", CashKind.FUNDING) == 0


def test_what_is_not_understood_is_noted_once_and_the_oldest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cash, "QUARANTINED_KEPT", 2)
    ledger = CashLedger()
    assert ledger.quarantine("e1")
    assert not ledger.quarantine("e1")
    ledger.quarantine("e2")
    ledger.quarantine("e3")
    assert [ledger.is_quarantined(name) for name in ("e1", "e2", "e3")] == [False, True, True]


def test_a_saved_ledger_comes_back() -> None:
    ledger = CashLedger()
    ledger.book(entry("f1", "-1.5"))
    ledger.quarantine("e1")
    again = CashLedger.restore(ledger.saved())
    assert (again.saved(), again.sums) == (ledger.saved(), ledger.sums)

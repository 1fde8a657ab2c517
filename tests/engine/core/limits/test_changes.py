"""From one set of limits to another: what follows what, and what became looser."""

from __future__ import annotations

from msgspec.structs import replace

from engine.core.limits import PAPER_LIMITS, LimitChange, RiskLimits
from engine.core.limits.changes import configured, differences, value_of, with_change, without
from engine.core.trading import RiskState
from tests.support.desk import d

QTY = "max_order_qty"


def account(qty: str | None = "5", **own: str) -> RiskLimits:
    """An account's largest quantity, with those of markets."""
    limits = replace(PAPER_LIMITS, max_order_qty=qty and d(qty))
    symbols = {symbol: replace(limits, max_order_qty=d(value)) for symbol, value in own.items()}
    return replace(limits, symbols=symbols)


def quantities(limits: RiskLimits) -> tuple[str, ...]:
    return tuple(str(value_of(limits, QTY, symbol)) for symbol in ("", *limits.symbols))


def test_a_market_follows_the_account_where_it_was_the_same() -> None:
    before = account("5", A="5", B="3", C="9")
    looser = with_change(before, LimitChange(key=QTY, value=d(8)))
    assert quantities(looser) == ("8", "8", "3", "9")


def test_no_market_stays_looser_than_a_tightened_account() -> None:
    before = account("5", A="5", B="3", C="9")
    tighter = with_change(before, LimitChange(key=QTY, value=d(4)))
    assert quantities(tighter) == ("4", "4", "3", "4")


def test_a_markets_own_limit_leaves_all_others_as_they_are() -> None:
    before = account("5", B="3")
    after = with_change(before, LimitChange(key=QTY, value=d(1), symbol="A"))
    assert (quantities(before), quantities(after)) == (("5", "3"), ("5", "3", "1"))
    assert after.for_symbol("A") == replace(before, max_order_qty=d(1), symbols={})


def test_what_waits_for_a_market_ends_with_the_markets_and_the_accounts() -> None:
    waiting = tuple(
        LimitChange(key=key, symbol=symbol) for key in (QTY, "cool_off_s") for symbol in ("", "A")
    )
    assert [(c.key, c.symbol) for c in without(waiting, QTY, "A")] == [
        (QTY, ""), ("cool_off_s", ""), ("cool_off_s", "A"),
    ]  # fmt: skip
    assert [(c.key, c.symbol) for c in without(waiting, QTY, "")] == [
        ("cool_off_s", ""), ("cool_off_s", "A"),
    ]  # fmt: skip


def test_a_difference_is_told_once_and_a_markets_where_it_is_another() -> None:
    old, new = account("5", A="5", B="3"), account("8", A="8", B="2")
    assert [str(one) for one in differences(old, new)] == [
        "max_order_qty from 5 to 8",
        "max_order_qty of B from 3 to 2",
    ]
    assert [one.looser for one in differences(old, new)] == [True, False]
    assert list(differences(old, old)) == []


def test_a_run_names_what_its_configuration_loosens_and_drops_what_waited() -> None:
    risk = RiskState(
        limits=account("5", A="3"), pending=(LimitChange(key="cool_off_s", value=d(1)),)
    )
    event = configured(risk, account("4", A="4"), 7, first=False)
    assert (event.ts, event.by, event.limits) == (7, "configuration", account("4", A="4"))
    assert event.loosened == ("max_order_qty of A",)
    assert event.text == (
        "max_order_qty from 5 to 4; max_order_qty of A from 3 to 4; cool_off_s no longer waits"
    )
    assert event.pending == ()


def test_the_first_run_has_nothing_to_compare_its_limits_with() -> None:
    event = configured(RiskState(), account("5"), 7, first=True)
    assert (event.text, event.loosened, event.limits) == ("", (), account("5"))

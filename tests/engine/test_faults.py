"""Whatever the venue does wrong, the orders end as they are in the venue's own books."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine.exchange.faults import Plan, parse_plan
from engine.exchange.faults.plan import ITEM, KINDS, REQUEST
from tests.support.house import House, simulate
from tests.support.market import BTC, Market
from tests.support.trader import (
    STYLES,
    Trader,
    assert_replays,
    assert_same_books,
    assert_settled,
    lively,
)
from tests.support.wire import use_sockets

SHARE = 0.05
ORDERS = 500
FEW_ORDERS = 100
SETTLED_S = 30.0
AT_ONCE = 5
"""So many orders are canceled together where items of batches are refused."""
BAN_S = 600.0
"""A client that was banned sends nothing for so long, whatever the venue does."""
WAYS = pytest.mark.parametrize("trade_socket", [False, True], ids=["rest", "socket"])
OTHER_STYLES = pytest.mark.parametrize("style", [style for style in STYLES if style != "one_way"])
ALONE: Mapping[str, dict[str, object]] = {
    **{kind: {} for kind in KINDS},
    "ban": {"most": 2},
    "item_refused": {"rate": 0.5},
    **{kind: {"rate": 0.5} for kind in ("book_gap", "book_restart", "book_repeat")},
    **{kind: {"rate": 1.0} for kind in ("no_pong", "realtime_lag", "history_lag")},
}
# No answer, rows that are late, and a first list that has forgotten: then lists are asked for what
# is so young that they may not know it yet.
UNTOLD: list[dict[str, object]] = [
    {"kind": "ack_lost", "rate": 2 * SHARE},
    {"kind": "rows_late", "rate": 0.5, "ms": 3000},
    {"kind": "realtime_wipe", "rate": 0.5},
]
ELSEWHERE = {True: frozenset({"http_error", "ban"}), False: frozenset({"no_req_id"})}
"""What orders sent over the trade socket, or not over it, need not meet."""
HARDER: Mapping[str, tuple[str, dict[str, object]]] = {
    "ack_after_the_timeout": ("ack_late", {"ms": 6000}),
    "ack_after_every_retry": ("ack_late", {"ms": 20_000}),
    "refused_and_executed": ("refuse", {"code": 10000, "executed": True}),
    "backend_timeout_and_executed": ("refuse", {"code": 170007, "executed": True}),
    "too_many_visits": ("refuse", {"code": 10006}),
    "clock_off": ("refuse", {"code": 10002}),
    "gateway_restarts": ("refuse", {"code": 10019}),
    "page_and_executed": ("http_error", {"executed": True}),
    "page_with_status_200": ("http_error", {"status": 200, "executed": True}),
    "every_row_twice": ("duplicate_row", {"rate": 1.0}),
    "every_instant_swapped": ("rows_swapped", {"rate": 1.0}),
    "rows_seconds_late": ("rows_late", {"ms": 3000}),
    "a_long_restart": ("restart", {"ms": 8000}),
}


@cache
def market(style: str) -> Market:
    return lively(120, STYLES[style].instrument or BTC)


def alone(kind: str, **options: object) -> Plan:
    entries: list[dict[str, object]] = [{"kind": kind, "rate": SHARE, **options}]
    if kind.endswith("_lag"):
        entries += UNTOLD
    return parse_plan([("the test", entry) for entry in entries])


def together() -> Plan:
    """Every kind: of requests, lists, rows, frames and pings each twentieth meets one of them."""
    points = [kind.point for kind in KINDS.values()]
    entries: dict[str, dict[str, object]] = {
        name: {"kind": name, "rate": SHARE / points.count(kind.point)}
        for name, kind in KINDS.items()
    }
    entries["ban"]["most"] = 1
    return parse_plan([("the test", entry) for entry in entries.values()])


def trade(
    folder: Path,
    plan: Plan,
    orders: int,
    *,
    trade_socket: bool,
    seed: int = 1,
    style: str = "one_way",
) -> None:
    """Trade while things go wrong; half a minute later all must be well."""
    few = len(plan.rules) <= 1 + len(UNTOLD)
    of_batches = all(KINDS[rule.kind].point == ITEM for rule in plan.rules)
    struck = {rule.kind for rule in plan.rules if few or KINDS[rule.kind].point == REQUEST}
    struck -= ELSEWHERE[trade_socket]
    if style == "spot":  # whose orders end otherwise
        struck -= {"rejected_with_fills"}
    spared = 0 if few else 1  # by chance

    async def scenario(house: House) -> None:
        await house.clock.sleep(1)
        house.exchange.rest_faults(resting=True)
        await house.engine()
        trader = Trader(house, seed, AT_ONCE if of_batches else 1, STYLES[style])
        await trader.prepare()
        house.exchange.rest_faults(resting=False)
        await trader.send(orders)
        house.exchange.rest_faults(resting=True)
        played = house.exchange.faults_played
        await house.clock.sleep(SETTLED_S + (BAN_S if played["ban"] else 0.0))
        assert len(struck - set(played)) <= spared
        assert_settled(house)
        assert_same_books(house)
        assert_replays(house)

    options: dict[str, Any] = {"faults": plan, "trade_socket": trade_socket}
    simulate(folder / "h", scenario, market(style), **options)


@pytest.mark.parametrize("kind", ALONE)
def test_orders_end_as_the_venue_has_them_under_each_fault(tmp_path: Path, kind: str) -> None:
    plan = alone(kind, **ALONE[kind])
    trade(tmp_path, plan, FEW_ORDERS, trade_socket=kind not in ELSEWHERE[True])


@WAYS
def test_five_hundred_orders_end_as_the_venue_has_them_under_all_faults_together(
    tmp_path: Path, trade_socket: bool
) -> None:
    trade(tmp_path, together(), ORDERS, trade_socket=trade_socket)


@OTHER_STYLES
def test_whatever_is_traded_ends_as_the_venue_has_it_under_all_faults_together(
    tmp_path: Path, style: str
) -> None:
    trade(tmp_path, together(), ORDERS, trade_socket=True, style=style)


@pytest.mark.parametrize(
    "kind",
    [
        "cut",
        *(
            pytest.param(kind, marks=pytest.mark.slow)
            for kind in ("half_open", "restart", "ack_lost", "request_lost")
        ),
    ],
)
def test_orders_end_as_the_venue_has_them_when_real_sockets_break(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    use_sockets(monkeypatch)
    trade(tmp_path, alone(kind), FEW_ORDERS, trade_socket=True)


@pytest.mark.slow
@WAYS
def test_real_sockets_break_in_every_way_and_the_books_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trade_socket: bool
) -> None:
    use_sockets(monkeypatch)
    trade(tmp_path, together(), ORDERS, trade_socket=trade_socket)


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("kind", ALONE)
def test_five_hundred_orders_end_as_the_venue_has_them_under_each_fault(
    tmp_path: Path, kind: str, trade_socket: bool
) -> None:
    trade(tmp_path, alone(kind, **ALONE[kind]), ORDERS, trade_socket=trade_socket)


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("name", HARDER)
def test_five_hundred_orders_end_as_the_venue_has_them_under_harder_faults(
    tmp_path: Path, name: str, trade_socket: bool
) -> None:
    kind, options = HARDER[name]
    trade(tmp_path, alone(kind, **options), ORDERS, trade_socket=trade_socket)


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("seed", range(2, 12))
def test_all_faults_together_spare_the_books_whatever_the_seed(
    tmp_path: Path, seed: int, trade_socket: bool
) -> None:
    trade(tmp_path, together(), ORDERS, trade_socket=trade_socket, seed=seed)


@pytest.mark.slow
@OTHER_STYLES
@pytest.mark.parametrize("kind", ALONE)
def test_whatever_is_traded_ends_as_the_venue_has_it_under_each_fault(
    tmp_path: Path, style: str, kind: str
) -> None:
    trade(tmp_path, alone(kind, **ALONE[kind]), ORDERS, trade_socket=True, style=style)


@pytest.mark.slow
@WAYS
@OTHER_STYLES
@pytest.mark.parametrize("seed", range(2, 7))
def test_whatever_is_traded_all_faults_together_spare_the_books(
    tmp_path: Path, style: str, seed: int, trade_socket: bool
) -> None:
    trade(tmp_path, together(), ORDERS, trade_socket=trade_socket, seed=seed, style=style)

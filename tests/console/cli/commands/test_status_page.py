"""The status on one screen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from console.cli.commands.status_page import status_page
from engine.control.health import StatusDocument

DOCUMENT: dict[str, Any] = {
    "version": "0.1.0",
    "pid": 7,
    "health": {
        "status": "ok",
        "ready": True,
        "account": "paper",
        "mode": "PAPER",
        "trading": "ACTIVE",
        "links": {"private": True, "public": False},
        "journal_lag_s": 0.0,
        "loop_lag_s": 0.0015,
        "reconcile_age_s": 1.25,
        "open_orders": 3,
        "unknown_orders": 0,
        "uptime_s": 3_723.9,
        "problems": [],
        "input": {"count": 0, "kinds": {}, "last": ""},
    },
    "trading_by": "",
    "trading_reason": "",
    "orders": {"New": 2, "PartiallyFilled": 1},
    "positions": [
        {
            "symbol": "BTCUSDT",
            "qty": "0.010",
            "avg_entry_price": "61800.0",
            "mark_price": "61900.0",
            "unrealized_pnl": "1.0000",
            "realized_pnl": "0",
            "fees": "0.3399",
            "currency": "USDT",
        },
        {
            "symbol": "ETHUSDT",
            "qty": "0",
            "avg_entry_price": None,
            "mark_price": None,
            "unrealized_pnl": None,
            "realized_pnl": "2",
            "fees": "0",
            "currency": "USDT",
        },
    ],
    "requests": [
        {
            "kind": "place",
            "count": 12,
            "p50_s": 0.002,
            "p99_s": 0.0031,
            "max_s": 0.004,
            "retries": 1,
            "rate_limited": 0,
            "timeouts": 0,
        },
        {
            "kind": "amend",
            "count": 0,
            "p50_s": 0.0,
            "p99_s": 0.0,
            "max_s": 0.0,
            "retries": 0,
            "rate_limited": 0,
            "timeouts": 0,
        },
    ],
    "reconcile": {
        "runs": 4,
        "last_ok_ts": 5,
        "duration_s": 0.003,
        "orders_ok": True,
        "positions_ok": True,
        "fills_ok": True,
        "running": False,
        "error": "",
        "drift": [],
        "external_orders": [],
    },
    "replay": None,
    "kill": None,
}

PAGE = """\
PAPER  ACTIVE  OK    tradedeck 0.1.0, pid 7, up 1:02:03

links       private up, public DOWN
reconcile   passed 1.2 s ago, took 3 ms; drift none
journal     0.000 s behind; loop 0.002 s
open orders 3: 2 New, 1 PartiallyFilled
positions   BTCUSDT 0.010 at 61800.0, mark 61900.0; unrealized 1.0000, realized 0, fees 0.3399 USDT
            ETHUSDT 0 at -, mark -; unrealized unpriced, realized 2, fees 0 USDT
requests    place 12: p50 2.0 ms, p99 3.1 ms, retries 1, timeouts 0"""


def page(**changes: object) -> list[str]:
    return status_page({**DOCUMENT, **changes}).splitlines()


def test_the_page_answers_what_a_tired_person_asks() -> None:
    assert status_page(DOCUMENT) == PAGE


def test_a_checkout_that_is_not_installed_has_no_version() -> None:
    assert "tradedeck (not installed), pid 7" in page(version="")[0]


def test_the_example_is_a_document_that_the_engine_gives() -> None:
    assert msgspec.convert(DOCUMENT, StatusDocument, strict=False).pid == 7


def test_the_venues_clock_is_shown_when_it_was_measured() -> None:
    health = {**DOCUMENT["health"], "clock_offset_ms": -12.34, "clock_age_s": 65.4}
    line = "clock       the venue's is -12.3 ms from ours, measured 65 s ago"
    assert line in page(health=health)


def test_what_speaks_against_the_key_stands_below_the_problems() -> None:
    health = {**DOCUMENT["health"], "problems": ["trading is HALTED"]}
    lines = page(health=health, warnings=["the key expires in 3 days"])
    assert lines[1:3] == ["  ! trading is HALTED", "  ~ the key expires in 3 days"]


def test_every_class_of_requests_has_its_breaker() -> None:
    breakers = [
        {"name": "place", "state": "open", "reason": "HTTP 502"},
        {"name": "cancel", "state": "closed", "reason": ""},
    ]
    lines = page(health={**DOCUMENT["health"], "breakers": breakers})
    assert lines[-2:] == ["breakers    place open: HTTP 502", "            cancel closed"]


@pytest.mark.parametrize(
    ("dcp", "line"),
    [
        ({"read_ts": 0}, "; asked for, not read back yet"),
        ({"read_ts": 1, "set_s": 10}, ", as it confirms"),
        ({"read_ts": 1}, ": NOT CONFIRMED, it is off"),
        ({"read_ts": 1, "set_s": 30}, ": NOT CONFIRMED, it is 30"),
        ({"read_ts": 1, "error": "cut"}, ": NOT CONFIRMED, cut"),
    ],
)
def test_the_venues_protection_is_shown_where_it_was_asked_for(
    dcp: dict[str, object], line: str
) -> None:
    told = {"wanted_s": 10, "set_s": 0, "error": "", **dcp}
    shown = page(health={**DOCUMENT["health"], "dcp": told})
    assert f"cut off     the venue cancels every order after 10 s without us{line}" in shown
    unasked = page(health={**DOCUMENT["health"], "dcp": {**told, "wanted_s": 0}})
    assert not [row for row in unasked if row.startswith("cut off")]


def test_the_leverage_of_a_position_is_shown_where_it_was_told() -> None:
    position = {**DOCUMENT["positions"][0], "leverage": "10"}
    (line,) = [row for row in page(positions=[position]) if row.startswith("positions")]
    assert line.startswith("positions   BTCUSDT 0.010 at 61800.0 10x, mark 61900.0;")


def test_where_a_position_is_liquidated_is_shown_where_it_was_told() -> None:
    position = {**DOCUMENT["positions"][0], "liq_price": "50000"}
    (line,) = [row for row in page(positions=[position]) if row.startswith("positions")]
    assert line.startswith(
        "positions   BTCUSDT 0.010 at 61800.0, mark 61900.0, liquidated at 50000;"
    )


@pytest.mark.parametrize(
    ("margin", "told"),
    [
        (
            {"equity": "1000", "initial_margin": "20", "maintenance_margin": "2"},
            "equity 1000, initial margin 20, maintenance margin 2",
        ),
        ({"equity": "1000"}, "equity 1000"),
        ({}, "not told by the venue"),
    ],
)
def test_margin_is_shown_with_its_age(margin: dict[str, str], told: str) -> None:
    assert f"margin      {told}; 4 s ago" in page(margin=margin, margin_age_s=4.2)
    assert not [row for row in page() if row.startswith("margin")]


def test_what_the_markets_are_set_to_is_shown() -> None:
    settings = [{"symbol": "BTCUSDT", "leverage": "10"}, {"symbol": "ETHUSDT", "hedged": True}]
    assert "settings    BTCUSDT 10x, ETHUSDT hedge" in page(settings=settings)


def test_problems_come_first() -> None:
    health = {**DOCUMENT["health"], "status": "halted", "problems": ["trading is HALTED"]}
    assert page(health=health)[1:3] == ["  ! trading is HALTED", ""]


def test_before_the_first_comparison_the_page_says_so() -> None:
    health = {**DOCUMENT["health"], "reconcile_age_s": None}
    drift = [{"symbol": "BTCUSDT"}]
    lines = page(health=health, reconcile={**DOCUMENT["reconcile"], "drift": drift})
    assert "reconcile   never passed, took 3 ms; drift BTCUSDT" in lines


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "recording   50% of 345 s at 10x, playing"),
        ({"paused": True}, "recording   50% of 345 s at 10x, paused"),
        ({"finished": True, "now_ts": 999 * 10**9}, "recording   100% of 345 s at 10x, finished"),
        ({"last_ts": 0, "now_ts": 0}, "recording   100% of 0 s at 10x, playing"),
        (
            {"faults": 2, "fault": "btc.gz:17: not JSON"},
            "recording   50% of 345 s at 10x, playing; 2 bad lines, btc.gz:17: not JSON",
        ),
    ],
)
def test_a_recording_shows_how_far_it_is(changes: dict[str, object], line: str) -> None:
    replay = {
        "first_ts": 0,
        "last_ts": 345 * 10**9,
        "now_ts": 172_500_000_000,
        "speed": "10",
        "paused": False,
        "finished": False,
    }
    assert page(replay={**replay, **changes})[-1] == line


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"verified_zero_at": 5, "done": True},
            "kill        level kill by operator: verified zero",
        ),
        ({"residual": ["a1"]}, "kill        level kill by operator: under way, left: a1"),
        (
            {"done": True, "residual": ["a1"]},
            "kill        level kill by operator: INCOMPLETE, left: a1",
        ),
    ],
)
def test_a_kill_shows_whether_it_is_done(changes: dict[str, object], line: str) -> None:
    kill = {
        "kill_id": "k",
        "level": "kill",
        "blocked_at": 1,
        "by": "operator",
        "targets": [],
        "first_cancel_at": 0,
        "verified_zero_at": 0,
        "residual": [],
        "done": False,
    }
    assert page(kill={**kill, **changes})[-1] == line


def test_the_port_of_the_metrics_is_named() -> None:
    assert "metrics     http://127.0.0.1:41873/metrics" in page(metrics_port=41873)
    assert not any(line.startswith("metrics") for line in page(metrics_port=None))


def test_input_that_could_not_be_read_is_counted_and_the_newest_said() -> None:
    found = {"count": 3, "kinds": {"order_row": 2, "http_body": 1}, "last": "order_row: no price"}
    assert page(health={**DOCUMENT["health"], "input": found})[-1] == (
        "unreadable  3 from the venue (http_body 1, order_row 2); last order_row: no price"
    )


def test_hostile_text_cannot_reach_the_terminal() -> None:
    health = {**DOCUMENT["health"], "problems": ["\x1b[31mred\u202e"]}
    assert page(health=health)[1] == "  ! ?[31mred?"


def test_the_headline_says_each_thing_once() -> None:
    halted = {**DOCUMENT["health"], "account": "desk", "trading": "HALTED", "status": "halted"}
    assert page(health=halted)[0].startswith("desk  PAPER  HALTED    tradedeck")

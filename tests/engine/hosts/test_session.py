from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.config import AccountConfig, Config
from engine.core.events import Event, OrderEvent
from engine.core.limits import RiskLimits
from engine.core.orders.terms import Attached, Exit, Trigger, TriggerBy, TriggerDirection
from engine.core.types import OrderState
from engine.errors import ScriptError
from engine.exchange.errors import RecordingError
from engine.hosts.session import SYNTHETIC_START_NS, run_session
from engine.journal.reader import open_for_reading
from engine.script import parse_script
from engine.summary import SessionSummary, print_summary
from engine.venues.reasons import Reason
from tests.support.market import T0, Market, book, ticker, trade
from tests.support.wire import use_sockets

D = Decimal
MS = 1_000_000
FILES = {
    "fsm_state.json",
    "journal.db",
    "live_execution_metrics.prom",
    "positions.json",
    "summary.json",
}
RECORDINGS = ("btcusdt-perp-2024-08-09.jsonl.gz", "ethusdt-perp-2024-08-09.jsonl.gz")


def line(at: float, do: str, order_id: str = "", **more: object) -> dict[str, object]:
    return {"at": at, "do": do, **({"client_order_id": order_id} if order_id else {}), **more}


def place(
    at: float, order_id: str, side: str, qty: str, price: str | None, **more: object
) -> dict[str, object]:
    terms = {"symbol": "BTCUSDT", "side": side, "qty": qty, **more}
    return line(at, "place", order_id, **terms, **({"price": price} if price else {}))


BUSY = [
    place(1.0, "rests", "Buy", "0.010", "59000.0"),
    place(1.0, "takes", "Buy", "0.020", "60000.1"),
    place(1.2, "fills", "Buy", "0.010", "59500.0"),
    place(1.3, "off-tick", "Buy", "0.010", "59000.05"),
    line(1.5, "amend", "rests", price="58900.0"),
    line(1.6, "cancel", "rests"),
    place(1.7, "refused", "Buy", "0.010", "59000.0", reduce_only=True),
    place(2.6, "sells", "Sell", "0.015", None, type="Market"),
]


def moving() -> Market:
    """A sale at 59,400.0 after two seconds; four in all, with the mark at 60,050 in the end."""
    return Market(
        book(0, [("60000.0", "10")], [("60000.1", "10")]),
        ticker(0, "60000"),
        trade(2, "Sell", "1.000", "59400.0"),
        book(3, [("60000.0", "9")], [], u=2),
        ticker(4, "60050"),
    )


def recorded(folder: Path, market: Market) -> list[Path]:
    path = folder / "market.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(market.lines)))
    return [path]


def session(
    out: Path,
    lines: list[dict[str, object]],
    *,
    replay: list[Path] | None = None,
    seed: int = 0,
    duration_s: float = 10.0,
    latency_ms: float = 2.0,
    config: Config | None = None,
) -> SessionSummary:
    out.mkdir()
    text = "\n".join(json.dumps(line) for line in lines)
    return run_session(
        script=parse_script(text, source="s.jsonl", account="paper"),
        out=out,
        replay=replay or [],
        seed=seed,
        duration_s=duration_s,
        latency_ms=latency_ms,
        config=config or Config(accounts={}),
    )


def events(out: Path) -> list[Event]:
    reader = open_for_reading(out / "journal.db")
    try:
        assert reader.verify() is None
        return [event for _, event in reader.replay()]
    finally:
        reader.close()


def order(summary: SessionSummary, order_id: str) -> Any:
    return next(o for o in summary.orders if o.client_order_id == order_id)


def same(first: Path, second: Path) -> None:
    for name in FILES - {"journal.db"}:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert events(first) == events(second)


def test_a_session_ends_with_its_files_and_nothing_else(tmp_path: Path) -> None:
    summary = session(tmp_path / "out", BUSY, replay=recorded(tmp_path, moving()))
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert {o.client_order_id: o.state for o in summary.orders} == {
        "rests": OrderState.CANCELED,
        "takes": OrderState.FILLED,
        "fills": OrderState.FILLED,
        "off-tick": OrderState.DENIED,
        "refused": OrderState.REJECTED,
        "sells": OrderState.FILLED,
    }
    assert summary.passed
    assert order(summary, "off-tick").reason == "TICK_SIZE"
    assert order(summary, "refused").reason == Reason.SIZE


def test_the_summary_is_what_interfaces_promise(tmp_path: Path) -> None:
    session(tmp_path / "out", BUSY, replay=recorded(tmp_path, moving()))
    found = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert found["market"] == {
        "files": ["market.jsonl.gz"],
        "first_ts": T0,
        "last_ts": T0 + 4000 * MS,
        "trades": 1,
        "book_updates": 2,
    }
    assert set(found) == {
        *("market", "orders", "fills", "positions"),
        *("totals", "reconciliation", "retries", "kill"),
    }
    takes = next(o for o in found["orders"] if o["client_order_id"] == "takes")
    assert takes == {
        "client_order_id": "takes",
        "exchange_order_id": takes["exchange_order_id"],
        "symbol": "BTCUSDT",
        "side": "Buy",
        "type": "Limit",
        "time_in_force": "GTC",
        "post_only": False,
        "reduce_only": False,
        "qty": "0.020",
        "price": "60000.1",
        "state": "Filled",
        "cum_qty": "0.020",
        "leaves_qty": "0",
        "avg_price": "60000.1",
        "reason": "",
        "created_ts": T0 + 1000 * MS,
        "updated_ts": T0 + 1002 * MS,
        "attempts": 1,
        "ack_latency_s": 0.002,
        "fill_latency_s": 0.002,
    }
    sells = next(o for o in found["orders"] if o["client_order_id"] == "sells")
    assert (sells["type"], sells["time_in_force"], sells["price"]) == ("Market", "IOC", None)
    assert [
        (f["client_order_id"], f["qty"], f["price"], f["liquidity"]) for f in found["fills"]
    ] == [
        ("takes", "0.020", "60000.1", "Taker"),
        ("fills", "0.010", "59500.0", "Maker"),
        ("sells", "0.015", "60000.0", "Taker"),
    ]
    assert D(found["fills"][1]["fee"]) == D("0.119")
    assert found["fills"][1]["fee_currency"] == "USDT"
    (position,) = found["positions"]
    assert (position["symbol"], position["qty"], position["mark_price"]) == (
        "BTCUSDT",
        "0.015",
        "60050",
    )
    totals = {name: D(found["totals"][name]) for name in ("realized_pnl", "unrealized_pnl", "fees")}
    assert totals["fees"] == sum(D(fill["fee"]) for fill in found["fills"])
    assert D(found["totals"]["net_pnl"]) == (
        totals["realized_pnl"] + totals["unrealized_pnl"] - totals["fees"]
    )
    cash = sum(
        D(f["qty"]) * D(f["price"]) * (1 if f["side"] == "Sell" else -1) for f in found["fills"]
    )
    held = D(position["qty"]) * D(position["mark_price"])
    net = totals["realized_pnl"] + totals["unrealized_pnl"]
    assert net.quantize(D("1E-12")) == (cash + held).quantize(D("1E-12"))
    assert found["reconciliation"] == {"status": "PASS", "drift": []}
    assert found["retries"] == {
        "place": {"requests": 5, "retries": 0},
        "cancel": {"requests": 1, "retries": 0},
        "amend": {"requests": 1, "retries": 0},
    }
    assert found["kill"] is None


def test_lines_of_a_recording_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    market = moving()
    market.lines[2:2] = [b"{", b"nothing"]
    summary = session(tmp_path / "out", BUSY, replay=recorded(tmp_path, market))
    assert summary.market.bad_lines == 2
    assert summary.market.bad_line.startswith("market.jsonl.gz:3: ")
    found = json.loads((tmp_path / "out" / "summary.json").read_text())["market"]
    assert (found["bad_lines"], found["bad_line"]) == (2, summary.market.bad_line)
    assert "2 book updates, 2 bad lines left out" in print_summary(summary)


def test_positions_and_orders_are_files_of_their_own(tmp_path: Path) -> None:
    out = tmp_path / "out"
    session(out, BUSY, replay=recorded(tmp_path, moving()))
    summary = json.loads((out / "summary.json").read_text())
    assert json.loads((out / "positions.json").read_text()) == summary["positions"]
    machine = json.loads((out / "fsm_state.json").read_text())
    history = [entry["type"] for entry in machine["orders"]["rests"]["history"]]
    assert history == [
        *("ORDER_SENT", "ORDER_ACK", "REPLACE_REQUEST", "REPLACE_ACK"),
        *("CANCEL_REQUEST", "CANCEL_ACK"),
    ]
    metrics = (out / "live_execution_metrics.prom").read_text()
    assert 'orders_placed_total{side="Buy",symbol="BTCUSDT"} 4.0' in metrics
    assert "_created" not in metrics


def test_the_same_recording_and_script_give_the_same_bytes(tmp_path: Path) -> None:
    replay = recorded(tmp_path, moving())
    for name in ("one", "two"):
        session(tmp_path / name, BUSY, replay=replay)
    same(tmp_path / "one", tmp_path / "two")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_market(
    tmp_path: Path,
) -> None:
    lines = [
        place(1.0, "a1", "Buy", "0.010", None, type="Market"),
        place(2.0, "a2", "Sell", "0.004", None, type="Market"),
        place(2.0, "a3", "Buy", "0.004", "58000.0"),
        line(5.0, "kill", level="kill"),
        line(6.0, "release", reason="drill over"),
        line(7.0, "flatten"),
    ]
    for name, seed in (("one", 7), ("two", 7), ("other", 8)):
        summary = session(tmp_path / name, lines, seed=seed)
        assert summary.passed
        assert summary.market.first_ts == SYNTHETIC_START_NS
        assert summary.market.last_ts == SYNTHETIC_START_NS + 10_000 * MS
    same(tmp_path / "one", tmp_path / "two")
    first, other = ((tmp_path / name / "summary.json").read_bytes() for name in ("one", "other"))
    assert first != other


@pytest.mark.parametrize("latency_ms", [0.0, 2.0, 50.0, 250.0])
def test_a_command_is_given_at_its_time_and_reaches_the_book_after_the_latency(
    tmp_path: Path, latency_ms: float
) -> None:
    lines = [
        place(1.25, "a1", "Buy", "0.010", "59000.0"),
        line(2.125, "cancel", "a1"),
    ]
    replay = recorded(tmp_path, moving())
    summary = session(tmp_path / "out", lines, replay=replay, latency_ms=latency_ms)
    found = order(summary, "a1")
    assert found.created_ts == T0 + 1250 * MS
    assert found.ack_latency_s == latency_ms / 1000
    assert found.updated_ts == T0 + 2125 * MS + round(latency_ms * MS)


def test_an_order_meets_the_book_of_the_instant_it_arrives_at(tmp_path: Path) -> None:
    market = Market(
        book(0, [("60000.0", "10")], [("60000.1", "10")]),
        ticker(0, "60000"),
        book(1.002, [], [("60000.1", "0"), ("60010.0", "10")], u=2),
        book(1.500, [], [("60010.0", "0"), ("60000.1", "10")], u=3),
        ticker(3, "60000"),
    )
    lines = [
        place(1.0, "late", "Buy", "0.010", "60100.0"),
        place(1.499, "early", "Buy", "0.010", "60100.0"),
    ]
    summary = session(tmp_path / "out", lines, replay=recorded(tmp_path, market))
    assert order(summary, "late").avg_price == D("60010.0")
    assert order(summary, "early").avg_price == D("60000.1")


def test_commands_of_the_first_and_the_last_instant_are_carried_out(tmp_path: Path) -> None:
    lines = [
        place(0, "first", "Buy", "0.010", "59000.0"),
        place(4, "last", "Buy", "0.010", "60000.1"),
    ]
    summary = session(tmp_path / "out", lines, replay=recorded(tmp_path, moving()))
    assert order(summary, "first").created_ts == T0
    assert order(summary, "last").state is OrderState.FILLED
    assert (summary.market.trades, summary.market.book_updates) == (1, 2)
    assert summary.positions[0].mark_price == D(60050)
    assert summary.passed


def test_kill_release_and_flatten(tmp_path: Path) -> None:
    lines = [
        place(0.5, "rests", "Buy", "0.010", "59000.0"),
        place(0.6, "takes", "Buy", "0.010", "60000.1"),
        line(1.0, "kill", level="kill"),
        place(1.5, "too-soon", "Buy", "0.010", "59000.0"),
        line(2.0, "flatten"),
        line(2.5, "release", reason="drill over"),
        place(3.0, "again", "Buy", "0.010", "59000.0"),
    ]
    out = tmp_path / "out"
    summary = session(out, lines, replay=recorded(tmp_path, moving()))
    assert order(summary, "rests").state is OrderState.CANCELED
    assert (order(summary, "too-soon").state, order(summary, "too-soon").reason) == (
        OrderState.DENIED,
        "HALTED",
    )
    assert order(summary, "again").state is OrderState.NEW
    assert [position.qty for position in summary.positions] == [0]
    kill = summary.kill
    assert kill is not None
    assert (kill.blocked_at, kill.first_cancel_at, kill.residual) == (
        T0 + 1000 * MS,
        T0 + 1000 * MS,
        (),
    )
    assert kill.verified_zero_at is not None
    assert kill.blocked_at < kill.verified_zero_at < T0 + 2000 * MS
    assert {path.name for path in out.iterdir()} == FILES


def test_a_kill_of_the_last_instant_is_carried_to_its_end(tmp_path: Path) -> None:
    lines = [
        place(3.9, "rests", "Buy", "0.010", "59000.0"),
        line(4.0, "kill", level="kill"),
    ]
    summary = session(tmp_path / "out", lines, replay=recorded(tmp_path, moving()))
    assert summary.kill is not None
    assert summary.kill.verified_zero_at is not None
    assert order(summary, "rests").state is OrderState.CANCELED


def test_refused_commands_leave_the_order_as_it_is_and_are_noted(tmp_path: Path) -> None:
    lines = [
        place(0.5, "a1", "Buy", "0.010", "59000.0"),
        line(1.0, "amend", "a1", price="59000.05"),
        line(1.1, "cancel", "nobody"),
        line(1.2, "cancel_all", symbol="ETHUSDT"),
    ]
    out = tmp_path / "out"
    summary = session(out, lines, replay=recorded(tmp_path, moving()))
    assert (order(summary, "a1").state, order(summary, "a1").price) == (
        OrderState.NEW,
        D("59000.0"),
    )
    machine = json.loads((out / "fsm_state.json").read_text())
    note = machine["orders"]["a1"]["history"][-1]
    assert note["type"] == "AmendOrder"
    assert "TICK_SIZE" in note["text"]
    assert len([e for e in events(out) if isinstance(e, OrderEvent)]) == 1


def test_limits_of_the_configuration_hold(tmp_path: Path) -> None:
    paper = AccountConfig(name="paper", risk=RiskLimits(max_open_orders=1))
    lines = [
        place(0.5, "a1", "Buy", "0.010", "59000.0"),
        place(0.6, "a2", "Buy", "0.010", "59000.0"),
    ]
    summary = session(
        tmp_path / "out",
        lines,
        replay=recorded(tmp_path, moving()),
        config=Config(accounts={"paper": paper}),
    )
    assert order(summary, "a2").reason == "MAX_OPEN_ORDERS"


def test_a_script_beyond_the_markets_end_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    with pytest.raises(ScriptError, match=r"s\.jsonl:1: at 4\.5 is out of range"):
        session(out, [line(4.5, "cancel_all")], replay=recorded(tmp_path, moving()))
    assert list(out.iterdir()) == []


def test_a_recording_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    nothing = tmp_path / "nothing.jsonl"
    nothing.write_text("{}\n")
    with pytest.raises(RecordingError):
        session(out, [], replay=[nothing])
    assert list(out.iterdir()) == []


def test_an_empty_script_is_a_session_too(tmp_path: Path) -> None:
    summary = session(tmp_path / "out", [], replay=recorded(tmp_path, moving()))
    assert (summary.orders, summary.fills, summary.passed) == ([], [], True)


REAL = [
    place(1.5, "btc-takes", "Buy", "0.010", "61900.0"),
    place(2.0, "btc-rests", "Buy", "0.010", "61700.0"),
    place(3.0, "eth-takes", "Sell", "0.10", "2600.00", symbol="ETHUSDT"),
    line(300.0, "cancel_all"),
    line(310.0, "flatten"),
]


def test_a_real_recorded_market_is_played_whole(tmp_path: Path, shared_dir: Path) -> None:
    replay = [shared_dir / "data" / name for name in RECORDINGS]
    summary = session(tmp_path / "out", REAL, replay=replay)
    assert (summary.market.trades, summary.market.book_updates) == (21_308 + 14_075, 6_352 + 6_439)
    assert order(summary, "btc-takes").state is OrderState.FILLED
    assert order(summary, "eth-takes").state is OrderState.FILLED
    assert {position.symbol: position.qty for position in summary.positions} == {
        "BTCUSDT": 0,
        "ETHUSDT": 0,
    }
    assert summary.passed


def told(summary: SessionSummary) -> tuple[object, ...]:
    """Everything about money, orders and their times; how often lists were asked for is not."""
    return (
        summary.market,
        summary.orders,
        summary.fills,
        summary.positions,
        summary.totals,
        summary.reconciliation,
        summary.kill,
    )


KILLED = [
    *BUSY,
    place(3.0, "eth", "Sell", "1.00", None, symbol="ETHUSDT", type="Market"),
    place(3.5, "rests-2", "Buy", "0.010", "50000.0"),
    line(5.0, "kill", level="kill"),
    line(7.0, "release", reason="go on"),
    line(8.0, "flatten"),
]


def test_a_script_over_real_sockets_ends_as_it_does_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = recorded(tmp_path, moving())
    made_up, played = session(tmp_path / "a", KILLED), session(tmp_path / "b", BUSY, replay=replay)
    use_sockets(monkeypatch)
    assert told(session(tmp_path / "c", KILLED)) == told(made_up)
    assert told(session(tmp_path / "d", BUSY, replay=replay)) == told(played)
    assert made_up.kill is not None
    assert made_up.kill.verified_zero_at
    assert [position.qty for position in made_up.positions] == [0, 0]
    assert len(made_up.fills) >= 4


@pytest.mark.slow
def test_a_real_recorded_market_over_real_sockets_ends_as_it_does_in_memory(
    tmp_path: Path, shared_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = [shared_dir / "data" / name for name in RECORDINGS]
    in_memory = session(tmp_path / "memory", REAL, replay=replay)
    use_sockets(monkeypatch)
    assert told(session(tmp_path / "sockets", REAL, replay=replay)) == told(in_memory)


@pytest.mark.slow
def test_a_real_recorded_market_gives_the_same_bytes_twice(
    tmp_path: Path, shared_dir: Path
) -> None:
    replay = [shared_dir / "data" / name for name in RECORDINGS]
    for name in ("one", "two"):
        session(tmp_path / name, REAL, replay=replay)
    same(tmp_path / "one", tmp_path / "two")


def test_an_order_that_brings_its_stop_loss_is_a_session_that_passes(tmp_path: Path) -> None:
    place = {"do": "place", "symbol": "BTCUSDT", "qty": "0.010"}
    lines = [
        {"at": 0.5, **place, "client_order_id": "long", "side": "Buy", "type": "Market",
         "stop_loss": "59500.0", "take_profit": "61000.0", "take_profit_by": "MarkPrice"},
        {"at": 0.6, **place, "client_order_id": "waits", "side": "Sell", "price": "60500.0",
         "trigger_price": "59700.0"},
    ]  # fmt: skip
    summary = session(tmp_path / "out", lines, replay=recorded(tmp_path, moving()))
    assert summary.passed
    made = {o.client_order_id: o for o in summary.orders}
    assert made["long"].attached == Attached(
        Exit(Decimal("61000.0"), TriggerBy.MARK), Exit(Decimal("59500.0"))
    )
    assert made["waits"].trigger == Trigger(Decimal("59700.0"), TriggerDirection.FALLS)
    written = json.loads((tmp_path / "out" / "summary.json").read_bytes())["orders"]
    kinds = {"trigger", "attached", "slippage"}
    assert [sorted(kinds & set(o)) for o in written[:2]] == [["attached"], ["trigger"]]
    states = {o.client_order_id: o.state for o in summary.orders}
    assert (states["long"], states["waits"]) == (OrderState.FILLED, OrderState.NEW)
    held = [(p.symbol, p.qty) for p in summary.positions]
    assert held == [("BTCUSDT", Decimal(0))]  # the stop-loss closed it

"""From an order to its fill, position, metrics and file, with nothing but what `engine` exports."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest

from engine import (
    EventType,
    FillEvent,
    LiveExecutionMetrics,
    OrderEvent,
    OrderRequest,
    OrderResponse,
    OrderState,
    OrderStateMachine,
    PositionTracker,
    Side,
    create_client,
    create_fsm,
    create_router,
    create_tracker,
)
from engine.config import Config
from engine.core.reports import VenueStatus
from engine.core.requests import QueryOrder
from engine.hosts.session import run_session
from engine.script import parse_script
from engine.summary import print_summary

D = Decimal
FROZEN = "2026-01-31T12:00:00Z"


class Book:
    """What a script keeps of its own orders, with the engine's parts."""

    def __init__(self) -> None:
        self.orders = create_fsm()
        self.positions = create_tracker()
        self.metrics = LiveExecutionMetrics()

    def sent(self, order_id: str, side: str, qty: Decimal, price: Decimal) -> None:
        self.orders.create_order(order_id, "BTCUSDT", side, qty, price)
        self.orders.handle_event(OrderEvent(EventType.ORDER_SENT, order_id))
        self.metrics.increment_orders_placed("BTCUSDT", side)

    def answered(self, response: OrderResponse) -> None:
        kind = EventType.ORDER_ACK if response.accepted else EventType.ORDER_REJECT
        order = self.orders.handle_event(
            OrderEvent(
                kind,
                response.client_order_id,
                exchange_order_id=response.exchange_order_id,
                reason=response.reason,
                text=response.text,
            )
        )
        if order is not None and order.state is OrderState.REJECTED:
            self.metrics.increment_orders_rejected(order.symbol, order.side, response.reason)

    def filled(self, fill: FillEvent) -> None:
        order = self.orders.handle_event(
            OrderEvent(
                EventType.FULL_FILL,
                fill.client_order_id,
                exec_id=fill.exec_id,
                last_qty=fill.qty,
                last_price=fill.price,
                fee=fill.fee,
                fee_currency=fill.fee_currency,
                liquidity=fill.liquidity,
            )
        )
        assert order is not None
        assert self.positions.apply_fill(fill)
        if order.state is OrderState.FILLED:
            self.metrics.increment_orders_filled(order.symbol, order.side)

    def state(self, order_id: str) -> OrderState:
        order = self.orders.get_order(order_id)
        assert order is not None
        return order.state


def test_two_orders_are_placed_filled_booked_reconciled_measured_and_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = Book()

    async def scenario() -> None:
        client = create_client(exchange="bybit", mock=True, auto_fill=True, freeze_utc=FROZEN)
        async with client:
            for order_id, side, qty, price in (
                ("order-1", "Buy", D("0.01"), D("50000")),
                ("order-2", "Sell", D("0.004"), D("50200")),
            ):
                book.sent(order_id, side, qty, price)
                with book.metrics.track_order_latency("BTCUSDT"):
                    response = await client.place_limit_order(order_id, "BTCUSDT", side, qty, price)
                book.answered(response)
                assert book.state(order_id) is OrderState.NEW
                for fill in await client.poll_fills(order_id):
                    book.filled(fill)
            (theirs,) = (await client.snapshot(0)).positions
        assert book.positions.reconcile_position(
            "BTCUSDT", exchange_qty=theirs.qty, exchange_avg_price=theirs.avg_price
        )

    asyncio.run(scenario())
    assert [order.state for order in book.orders.orders.values()] == [OrderState.FILLED] * 2
    book.positions.update_mark_price("BTCUSDT", D("50100"))
    position = book.positions.get_position("BTCUSDT")
    assert (position.qty, position.avg_entry_price) == (D("0.006"), D("50000"))
    assert (position.realized_pnl, position.unrealized_pnl) == (D("0.8"), D("0.6"))
    assert book.positions.drift("BTCUSDT") == 0

    book.metrics.set_position("BTCUSDT", position.qty, position.realized_pnl + D("0.6"))
    text = book.metrics.export_prometheus()
    assert 'orders_placed_total{side="Buy",symbol="BTCUSDT"} 1.0' in text
    assert 'orders_filled_total{side="Sell",symbol="BTCUSDT"} 1.0' in text
    assert 'order_latency_seconds_count{symbol="BTCUSDT"} 2.0' in text
    assert 'position_pnl{symbol="BTCUSDT"} 1.4' in text

    saved = tmp_path / "state.json"
    state = {"orders": book.orders.persist_to_dict(), "positions": book.positions.to_builtins()}
    saved.write_text(json.dumps(state))
    read = json.loads(saved.read_text())
    orders = OrderStateMachine.restore_from_dict(read["orders"])
    assert orders.persist_to_dict() == book.orders.persist_to_dict()
    positions = PositionTracker.from_builtins(read["positions"])
    assert positions.get_position("BTCUSDT") == position

    for order in orders.orders.values():
        print(f"{order.client_order_id} {order.side} {order.cum_qty} @ {order.avg_price}")
    print(f"{position.symbol} {position.qty}, realized {position.realized_pnl}")
    assert capsys.readouterr().out.splitlines() == [
        "order-1 Buy 0.01 @ 50000",
        "order-2 Sell 0.004 @ 50200",
        "BTCUSDT 0.006, realized 0.800",
    ]


def test_an_order_that_rests_is_cancelled() -> None:
    book = Book()

    async def scenario() -> None:
        async with create_client(exchange="bybit", mock=True, freeze_utc=FROZEN) as client:
            book.sent("order-1", "Buy", D("0.01"), D("50000"))
            book.answered(
                await client.place_limit_order("order-1", "BTCUSDT", "Buy", D("0.01"), D("50000"))
            )
            assert await client.poll_fills("order-1") == []
            shown = await client.lookup(QueryOrder(client_order_id="order-1", symbol="BTCUSDT"))
            assert shown.order is not None
            assert shown.order.status is VenueStatus.NEW
            book.orders.handle_event(OrderEvent(EventType.CANCEL_REQUEST, "order-1"))
            assert book.state("order-1") is OrderState.PENDING_CANCEL
            assert (await client.cancel_order("order-1")).accepted
            shown = await client.lookup(QueryOrder(client_order_id="order-1", symbol="BTCUSDT"))
            assert shown.order is not None
            assert shown.order.status is VenueStatus.CANCELED
            book.orders.handle_event(OrderEvent(EventType.CANCEL_ACK, "order-1"))
            again = await client.cancel_order("order-1")
            assert (again.accepted, again.reason) == (False, "NOT_FOUND")

    asyncio.run(scenario())
    assert book.state("order-1") is OrderState.CANCELED
    book.metrics.increment_orders_canceled("BTCUSDT", "Buy")
    assert 'orders_canceled_total{side="Buy",symbol="BTCUSDT"} 1.0' in (
        book.metrics.export_prometheus()
    )


def test_an_order_that_has_nothing_to_reduce_is_refused_by_the_venue() -> None:
    book = Book()

    async def scenario() -> OrderResponse:
        async with create_router(
            exchange="bybit", mock=True, timeout_s=5.0, freeze_utc=FROZEN
        ) as router:
            book.sent("order-1", "Sell", D("0.01"), D("70000"))
            request = OrderRequest(
                client_order_id="order-1",
                symbol="BTCUSDT",
                side=Side.SELL,
                qty=D("0.01"),
                price=D("70000"),
                reduce_only=True,
            )
            response = await router.place(request)
            route = router.get_metrics()["order-1"]
            assert (route.attempts, route.retries) == (1, 0)
            book.answered(response)
            return response

    response = asyncio.run(scenario())
    assert (response.accepted, response.reason) == (False, "SIZE")
    assert "110017" in response.text
    order = book.orders.get_order("order-1")
    assert order is not None
    assert (order.state, order.reason, order.cum_qty) == (OrderState.REJECTED, "SIZE", D(0))
    assert 'orders_rejected_total{reason="SIZE",side="Sell",symbol="BTCUSDT"} 1.0' in (
        book.metrics.export_prometheus()
    )


def test_the_same_as_a_session_ends_reconciled_with_its_files_and_a_printed_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        {"at": 1, "do": "place", "client_order_id": "buys", "side": "Buy", "type": "Market"},
        {"at": 2, "do": "place", "client_order_id": "sells", "side": "Sell", "type": "Market"},
        {"at": 3, "do": "place", "client_order_id": "rests", "side": "Buy", "price": "58000.0"},
        {"at": 4, "do": "cancel", "client_order_id": "rests"},
        {
            **{"at": 5, "do": "place", "client_order_id": "refused", "side": "Sell"},
            **{"price": "63000.0", "reduce_only": True},
        },
    ]
    for line in lines:
        if line["do"] == "place":
            line |= {"symbol": "BTCUSDT", "qty": "0.010"}
    script = parse_script(
        "\n".join(json.dumps(line) for line in lines), source="seed.jsonl", account="paper"
    )
    summary = run_session(
        script=script,
        out=tmp_path,
        replay=[],
        seed=7,
        duration_s=10.0,
        latency_ms=2.0,
        config=Config(accounts={}),
    )
    print(print_summary(summary))
    assert {order.client_order_id: order.state for order in summary.orders} == {
        "buys": OrderState.FILLED,
        "sells": OrderState.FILLED,
        "rests": OrderState.CANCELED,
        "refused": OrderState.REJECTED,
    }
    assert [position.qty for position in summary.positions] == [0]
    assert summary.passed
    saved = json.loads((tmp_path / "fsm_state.json").read_text())
    assert OrderStateMachine.restore_from_dict(saved).persist_to_dict() == saved
    metrics = (tmp_path / "live_execution_metrics.prom").read_text()
    assert 'orders_filled_total{side="Buy",symbol="BTCUSDT"} 1.0' in metrics
    printed = capsys.readouterr().out
    assert "orders          4: 2 Filled, 1 Canceled, 1 Rejected" in printed
    assert "reconciliation  PASS" in printed

"""The library as interfaces describe it: a client and a router that work without any set-up."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import engine
from engine.core.reports import Outcome
from engine.core.types import Liquidity
from engine.factories import FREEZE_VARIABLE
from engine.venues.reasons import Reason


@pytest.fixture(autouse=True)
def _no_frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FREEZE_VARIABLE, raising=False)


FROZEN = "2026-01-31T12:00:00Z"
FROZEN_NS = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()) * 1_000_000_000


def test_a_resting_order_is_placed_and_cancelled() -> None:
    async def scenario() -> None:
        client = engine.create_client(exchange="bybit", mock=True, freeze_utc=FROZEN)
        response = await client.place_limit_order(
            "order-1", "BTCUSDT", "Buy", Decimal("0.01"), Decimal("50000")
        )
        assert (response.outcome, bool(response.exchange_order_id)) == (Outcome.ACCEPTED, True)
        assert await client.poll_fills("order-1") == []
        assert (await client.cancel_order("order-1")).accepted
        again = await client.cancel_order("order-1")
        assert (again.outcome, again.reason) == (Outcome.REJECTED, Reason.NOT_FOUND)
        await client.close()

    asyncio.run(scenario())


def test_a_real_refusal_has_a_reason() -> None:
    async def scenario() -> None:
        async with engine.create_client(freeze_utc=FROZEN) as client:
            response = await client.place_limit_order("o-1", "BTCUSDT", "Buy", "0.0001", "50000")
            assert response.outcome is Outcome.REJECTED
            assert response.reason in set(Reason)

    asyncio.run(scenario())


def test_auto_fill_fills_at_the_orders_price() -> None:
    async def scenario() -> None:
        async with engine.create_client(auto_fill=True, freeze_utc=FROZEN) as client:
            await client.place_limit_order("order-1", "BTCUSDT", "Buy", 0.01, 50000.0)
            (fill,) = await client.poll_fills("order-1")
            assert (fill.client_order_id, fill.symbol) == ("order-1", "BTCUSDT")
            assert (fill.qty, fill.price) == (Decimal("0.01"), Decimal(50000))
            assert fill.liquidity is Liquidity.TAKER
            assert fill.ts == FROZEN_NS

    asyncio.run(scenario())


def test_the_same_seed_and_moment_give_the_same_exchange() -> None:
    async def scenario() -> tuple[object, object]:
        async with engine.create_client(seed=5, freeze_utc=FROZEN) as client:
            response = await client.place_limit_order("o-1", "BTCUSDT", "Buy", "0.5", "70000")
            return response, await client.poll_fills("o-1")

    first = asyncio.run(scenario())
    assert first == asyncio.run(scenario())
    assert first[1]


def test_the_environment_freezes_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FREEZE_VARIABLE, "2026-01-31T12:00:00.000250")

    async def scenario() -> int:
        async with engine.create_client(auto_fill=True) as client:
            return (await client.place_limit_order("o-1", "BTCUSDT", "Buy", 1, 50000)).ts

    assert asyncio.run(scenario()) == FROZEN_NS  # the venue's clock shows milliseconds


def test_a_client_outlives_the_event_loop_it_was_first_used_in() -> None:
    client = engine.create_client(freeze_utc=FROZEN)
    placed = asyncio.run(client.place_limit_order("o-1", "BTCUSDT", "Buy", 1, 50000))
    assert placed.accepted
    assert asyncio.run(client.cancel_order("o-1")).accepted


def test_a_router_routes_and_remembers() -> None:
    async def scenario() -> None:
        async with engine.create_router("bybit", mock=True, freeze_utc=FROZEN) as router:
            response = await router.place_order(
                "order-1", "BTCUSDT", "Buy", Decimal("0.01"), Decimal("50000")
            )
            assert response.accepted
            metrics = router.get_metrics()["order-1"]
            assert (metrics.attempts, metrics.latency_s) == (1, 0.0)
            assert (await router.amend_order("order-1", price="50001")).accepted
            assert (await router.cancel_order("order-1")).accepted

    asyncio.run(scenario())


def test_without_a_frozen_clock_the_market_lives() -> None:
    async def scenario() -> float:
        async with engine.create_router(timeout_s=5.0) as router:
            assert (await router.place_order("o-1", "SOLUSDT", "Sell", 1, "150")).accepted
            return router.get_metrics()["o-1"].latency_s

    assert asyncio.run(scenario()) > 0.001


def test_streams_work_too() -> None:
    async def scenario() -> None:
        reports: list[object] = []
        updates: list[object] = []
        async with engine.create_client(freeze_utc=FROZEN) as client:
            await client.connect(reports.append, updates.append)
            await client.place_limit_order("o-1", "BTCUSDT", "Buy", "0.5", "70000")
            for _ in range(20):
                await asyncio.sleep(0)
            kinds = {type(report).__name__ for report in reports}
            assert {"LinkReport", "OrderReport", "FillEvent", "PositionReport"} <= kinds
            assert {type(update).__name__ for update in updates} >= {"BookUpdate", "TickerUpdate"}
            assert not client.anomalies

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"exchange": "bybitt"}, "exchange: 'bybitt' is not one of bybit; did you mean \"bybit\"?"),
        ({"exchange": "kraken"}, "exchange: 'kraken' is not one of bybit"),
        (
            {"mock": False},
            "mock=False: a live account is not made here; describe it in a configuration file "
            "and start it with `tradedeck --config FILE --account NAME --live`",
        ),
        (
            {"freeze_utc": "noon"},
            "freeze_utc: 'noon' is not an ISO time such as 2026-01-31T12:00:00Z",
        ),
    ],
)
def test_what_cannot_be_made_is_said(arguments: dict[str, Any], message: str) -> None:
    for create in (engine.create_client, engine.create_router):
        with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole message is compared
            create(**arguments)
        assert str(raised.value) == message


def test_a_router_places_and_cancels_many_orders_at_once() -> None:
    async def scenario() -> None:
        ladder = [
            engine.OrderRequest(
                client_order_id=f"ladder-{step}",
                symbol="BTCUSDT",
                side=engine.Side.BUY,
                qty=Decimal("0.01"),
                price=Decimal(50_000 - 10 * step),
            )
            for step in range(30)
        ]
        async with engine.create_router(freeze_utc=FROZEN) as router:
            placed = await router.place_batch(ladder)
            assert [response.client_order_id for response in placed] == [
                order.client_order_id for order in ladder
            ]
            assert all(response.accepted for response in placed)
            assert {metrics.attempts for metrics in router.get_metrics().values()} == {1}
            cancels = [
                engine.CancelRequest(client_order_id=order.client_order_id, symbol=order.symbol)
                for order in ladder
            ]
            assert all(response.accepted for response in await router.cancel_batch(cancels))

    asyncio.run(scenario())

"""ccxt and ccxt.pro trade on the exchange as they are, but for the addresses they are given."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.clients.conftest import KEY, SECRET, Address

ccxt = pytest.importorskip("ccxt")
pro = pytest.importorskip("ccxt.pro")

WAIT_S = 20.0
ATTEMPTS = 20
LINEAR, SPOT = "BTC/USDT:USDT", "BTC/USDT"
FAR = 30_000  # a price at which a buy rests
Client = Any


def client(address: Address) -> Client:
    http, ws = address.http, address.ws
    return pro.bybit(
        {
            "apiKey": KEY,
            "secret": SECRET,
            "enableRateLimit": False,
            "urls": {
                "api": {
                    **dict.fromkeys(("spot", "futures", "v2", "public", "private"), http),
                    "ws": {
                        "public": {
                            name: f"{ws}/v5/public/{name}"
                            for name in ("spot", "linear", "inverse", "option")
                        },
                        "private": {
                            "spot": {"unified": f"{ws}/v5/private"},
                            "contract": f"{ws}/v5/private",
                            "usdc": f"{ws}/v5/private",
                            "trade": f"{ws}/v5/trade",
                        },
                    },
                }
            },
            "options": {
                "defaultType": "swap",
                "adjustForTimeDifference": True,
                "fetchMarkets": {"types": ["spot", "linear"]},
            },
        }
    )


def trade(address: Address, scenario: Callable[[Client], Awaitable[None]]) -> None:
    """Run a scenario with a client of its own."""

    async def main() -> None:
        exchange = client(address)
        try:
            await exchange.load_markets()
            await asyncio.wait_for(scenario(exchange), 10 * WAIT_S)
        finally:
            await exchange.close()

    asyncio.run(main())


async def until(watch: Callable[[], Awaitable[Any]], accept: Callable[[Any], bool]) -> Any:
    """The first item that a watch brings and that is accepted."""
    while True:
        for item in await asyncio.wait_for(watch(), WAIT_S):
            if accept(item):
                return item


def test_market_data(address: Address) -> None:
    async def scenario(x: Client) -> None:
        assert {LINEAR, SPOT, "ETH/USDT:USDT", "SOL/USDT:USDT"} <= set(x.symbols)
        assert len((await x.fetch_order_book(LINEAR, 5))["bids"]) == 5
        assert (await x.fetch_ticker(SPOT))["last"] > 0
        assert await x.fetch_ohlcv(LINEAR, "1m")
        trades: list[Any] = []
        for _ in range(100):  # the market has just begun
            if trades := await x.fetch_trades(LINEAR):
                break
            await asyncio.sleep(0.1)
        assert trades[0]["symbol"] == LINEAR

    trade(address, scenario)


def test_place_edit_query_cancel(address: Address) -> None:
    async def scenario(x: Client) -> None:
        placed = await x.create_order(LINEAR, "limit", "buy", 0.01, FAR)
        await x.edit_order(placed["id"], LINEAR, "limit", "buy", 0.02, FAR + 1)
        found = await x.fetch_open_order(placed["id"], LINEAR)
        assert (found["amount"], found["price"], found["status"]) == (0.02, FAR + 1, "open")
        await x.cancel_order(placed["id"], LINEAR)
        closed = await x.fetch_order(placed["id"], LINEAR, {"acknowledged": True})
        assert closed["status"] == "canceled"
        cancelled = await x.fetch_canceled_orders(LINEAR)
        assert placed["id"] in {order["id"] for order in cancelled}
        with pytest.raises(ccxt.OrderNotFound):
            await x.cancel_order(placed["id"], LINEAR)

    trade(address, scenario)


def test_batches_and_cancel_all(address: Address) -> None:
    async def scenario(x: Client) -> None:
        order = {"symbol": "ETH/USDT:USDT", "type": "limit", "side": "buy", "price": 1000}
        placed = await x.create_orders([{**order, "amount": 1}, {**order, "amount": 2}])
        ids = {item["id"] for item in placed}
        open_ids = {item["id"] for item in await x.fetch_open_orders("ETH/USDT:USDT")}
        assert len(ids) == 2
        assert ids <= open_ids
        await x.cancel_all_orders("ETH/USDT:USDT")
        assert await x.fetch_open_orders("ETH/USDT:USDT") == []

    trade(address, scenario)


def test_fills_positions_and_balance(address: Address) -> None:
    async def scenario(x: Client) -> None:
        symbol = "SOL/USDT:USDT"
        placed = await x.create_order(symbol, "market", "buy", 1)
        fills = await x.fetch_order_trades(placed["id"], symbol)
        assert sum(fill["amount"] for fill in fills) == 1.0
        assert {fill["fee"]["currency"] for fill in fills} == {"USDT"}
        assert placed["id"] in {fill["order"] for fill in await x.fetch_my_trades(symbol)}
        (held,) = await x.fetch_positions([symbol])
        assert (held["side"], held["contracts"]) == ("long", 1.0)
        closed = {item["id"] for item in await x.fetch_closed_orders(symbol)}
        assert placed["id"] in closed
        await x.create_order(symbol, "market", "sell", 1, None, {"reduceOnly": True})
        assert (await x.fetch_balance())["USDT"]["total"] < 1_000_000
        assert (await x.fetch_trading_fee(symbol))["taker"] == 0.00055

    trade(address, scenario)


def test_spot_by_base_quantity(address: Address) -> None:
    async def scenario(x: Client) -> None:
        before = (await x.fetch_balance())["total"].get("BTC", 0)
        await x.create_order(SPOT, "limit", "buy", 0.01, 70_000, {"timeInForce": "IOC"})
        after = await x.fetch_balance()
        assert after["BTC"]["total"] > before

    trade(address, scenario)


def test_a_spot_market_buy_is_by_cost(address: Address) -> None:
    async def scenario(x: Client) -> None:
        placed = await x.create_market_buy_order_with_cost(SPOT, 1000)
        (fill, *_) = await x.fetch_order_trades(placed["id"], SPOT)
        assert (fill["side"], fill["fee"]["currency"]) == ("buy", "BTC")

    trade(address, scenario)


def test_leverage_position_mode_and_conditional_orders(address: Address) -> None:
    async def scenario(x: Client) -> None:
        symbol = "SOL/USDT:USDT"
        await x.set_leverage(9, symbol)
        await x.set_position_mode(True, symbol)
        await x.set_position_mode(False, symbol)
        terms = {"triggerPrice": 500, "triggerDirection": "ascending"}
        placed = await x.create_order(symbol, "market", "buy", 1, None, terms)
        waiting = await x.fetch_open_orders(symbol, None, None, {"trigger": True})
        assert [(order["id"], order["triggerPrice"]) for order in waiting] == [(placed["id"], 500)]
        await x.cancel_order(placed["id"], symbol)
        attached = {"takeProfit": {"triggerPrice": 900}, "stopLoss": {"triggerPrice": 10}}
        await x.create_order(symbol, "limit", "buy", 1, 400, attached)
        assert len(await x.fetch_open_orders(symbol, None, None, {"trigger": True})) == 2
        await x.create_order(symbol, "market", "sell", 1, None, {"reduceOnly": True})
        assert await x.fetch_open_orders(symbol, None, None, {"trigger": True}) == []

    trade(address, scenario)


def test_exits_with_a_limit_are_for_what_their_order_has_filled(address: Address) -> None:
    async def scenario(x: Client) -> None:
        symbol, waits = "ETH/USDT:USDT", {"trigger": True}
        brings = {
            "takeProfit": {"triggerPrice": 9000, "price": 8990},
            "stopLoss": {"triggerPrice": 10},
        }
        parent = await x.create_order(symbol, "market", "buy", 1, None, brings)
        await x.create_order(symbol, "market", "buy", 2, None, brings)
        shown = await x.fetch_order(parent["id"], symbol, {"acknowledged": True})
        assert (shown["takeProfitPrice"], shown["info"]["tpslMode"]) == (9000, "Partial")
        found = await x.fetch_open_orders(symbol, None, None, waits)
        assert sorted(
            (order["info"]["stopOrderType"], order["amount"], order["type"], order["triggerPrice"])
            for order in found
        ) == [
            ("PartialStopLoss", 1, "market", 10),
            ("PartialStopLoss", 2, "market", 10),
            ("PartialTakeProfit", 1, "limit", 9000),
            ("PartialTakeProfit", 2, "limit", 9000),
        ]
        assert {order["price"] for order in found} == {8990, None}
        assert all(order["reduceOnly"] for order in found)
        await x.cancel_order(found[0]["id"], symbol)
        assert len(await x.fetch_open_orders(symbol, None, None, waits)) == 3
        await x.create_order(symbol, "market", "sell", 3, None, {"reduceOnly": True})
        assert await x.fetch_open_orders(symbol, None, None, waits) == []

    trade(address, scenario)


@pytest.mark.parametrize("symbol", [LINEAR, SPOT])
def test_every_public_stream(address: Address, symbol: str) -> None:
    async def scenario(x: Client) -> None:
        for _ in range(20):
            book = await asyncio.wait_for(x.watch_order_book(symbol), WAIT_S)
            assert book["bids"][0][0] < book["asks"][0][0]
        assert (await asyncio.wait_for(x.watch_trades(symbol), WAIT_S))[0]["symbol"] == symbol
        assert (await asyncio.wait_for(x.watch_ticker(symbol), WAIT_S))["last"] > 0
        assert await asyncio.wait_for(x.watch_ohlcv(symbol, "1m"), WAIT_S)

    trade(address, scenario)


def test_every_private_stream(address: Address) -> None:
    async def scenario(x: Client) -> None:
        symbol = "SOL/USDT:USDT"
        watching = [
            asyncio.ensure_future(until(watch, lambda _: True))
            for watch in (x.watch_orders, x.watch_my_trades, x.watch_positions)
        ]
        wallet = asyncio.ensure_future(x.watch_balance())
        # A fill from before a subscription is not replayed: trade until everything is heard.
        for _ in range(ATTEMPTS):
            await x.create_order(symbol, "market", "buy", 1)
            _, silent = await asyncio.wait([*watching, wallet], timeout=1)
            if not silent:
                break
        order, fill, position = [watch.result() for watch in watching]
        assert (order["symbol"], fill["symbol"]) == (symbol, symbol)
        assert (position["symbol"], position["side"]) == (symbol, "long")
        assert wallet.result()["USDT"]["total"] > 0
        await x.create_order(symbol, "market", "sell", 100, None, {"reduceOnly": True})

    trade(address, scenario)


def test_orders_over_the_websocket(address: Address) -> None:
    async def scenario(x: Client) -> None:
        placed = await x.create_order_ws(LINEAR, "limit", "buy", 0.01, FAR)
        await x.edit_order_ws(placed["id"], LINEAR, "limit", "buy", 0.02, FAR)
        assert (await x.fetch_open_order(placed["id"], LINEAR))["amount"] == 0.02
        await x.cancel_order_ws(placed["id"], LINEAR)
        with pytest.raises(ccxt.OrderNotFound):
            await x.cancel_order_ws(placed["id"], LINEAR)

    trade(address, scenario)


def test_three_thousand_requests_lose_no_answer(address: Address) -> None:
    async def scenario(x: Client) -> None:
        async def one() -> None:
            placed = await x.create_order(LINEAR, "limit", "buy", 0.01, FAR)
            assert (await x.cancel_order(placed["id"], LINEAR))["id"] == placed["id"]

        for _ in range(150):
            await asyncio.gather(*(one() for _ in range(10)))

    trade(address, scenario)

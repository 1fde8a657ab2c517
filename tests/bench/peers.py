"""A program for an interpreter that has pybit and ccxt: orders through one of them, in turn.

    python peers.py pybit|ccxt URL rest|socket ORDERS

Prints one line of JSON: medians in us, from the call to the answer, and to the position's row.
"""

# mypy: ignore-errors
# Its libraries live in another interpreter, which has none of this project's tools.

from __future__ import annotations

import asyncio
import json
import os
import queue
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from statistics import median

KEY = "bench"
SYMBOL, QTY, LOW, HIGH = "BTCUSDT", "0.001", "50000", "65000"
WARM_UP = 50
WAIT_S = 10.0
SUBSCRIBED_S = 2.0
"""Neither says when a subscription has been confirmed: by then it has."""


def result(acks: list[float], positions: list[float], cpu_s: float) -> dict[str, float]:
    """What is printed; the warm-up does not count. `cpu_s` is the processor time of all orders."""
    return {
        "ack": median(acks[WARM_UP:]) * 1e6,
        "position": median(positions[WARM_UP:]) * 1e6,
        "cpu": cpu_s / len(acks) * 1e6,
    }


def use_last_core() -> None:
    """Stay off the core that the exchange has for itself, where there are two."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[-1:])


def pybit(url: str, way: str, orders: int) -> dict[str, float]:
    """pybit: requests, and threads for its WebSockets."""
    import pybit._websocket_trading as trading
    import pybit.unified_trading as ut

    ws = url.replace("http", "ws", 1)
    ut.PRIVATE_WSS, trading.TRADE_WSS = f"{ws}/v5/private", f"{ws}/v5/trade"
    rest = ut.HTTP(api_key=KEY, api_secret=KEY)
    rest.endpoint = url
    moved: queue.Queue[float] = queue.Queue()
    answered: queue.Queue[float] = queue.Queue()
    private = ut.WebSocket(testnet=False, channel_type="private", api_key=KEY, api_secret=KEY)
    # It notes a subscription once it has sent it: an answer that is faster would end the stream.
    private.subscriptions = defaultdict(str)
    private.order_stream(lambda _message: None)
    private.execution_stream(lambda _message: None)
    private.position_stream(lambda _message: moved.put(time.perf_counter()))
    time.sleep(SUBSCRIBED_S)
    socket = None
    if way == "socket":
        socket = ut.WebSocketTrading(testnet=False, api_key=KEY, api_secret=KEY)
    acks: list[float] = []
    positions: list[float] = []
    begun_s = time.process_time()
    while len(acks) < WARM_UP + orders:
        buys = len(acks) % 2 == 0
        order = {"category": "linear", "symbol": SYMBOL, "side": "Buy" if buys else "Sell"}
        order |= {"orderType": "Limit", "timeInForce": "IOC", "qty": QTY}
        order |= {"price": HIGH if buys else LOW}
        started_s = time.perf_counter()
        if socket is None:
            rest.place_order(**order)
            acks.append(time.perf_counter() - started_s)
        else:
            socket.place_order(lambda _message: answered.put(time.perf_counter()), **order)
            # It begins to wait once it has sent: an answer that is faster than that is lost.
            try:
                acks.append(answered.get(timeout=0.1) - started_s)
            except queue.Empty:
                acks.append(acks[-1] if acks else 0.0)
        positions.append(moved.get(timeout=WAIT_S) - started_s)
    cpu_s = time.process_time() - begun_s
    private.exit()
    if socket is not None:
        socket.exit()
    return result(acks, positions, cpu_s)


async def ccxt(url: str, way: str, orders: int) -> dict[str, float]:
    """ccxt: its asynchronous REST, or its WebSockets (pro)."""
    import ccxt.pro

    ws = url.replace("http", "ws", 1)
    client = ccxt.pro.bybit(
        {
            "apiKey": KEY,
            "secret": KEY,
            "enableRateLimit": False,
            "urls": {
                "api": {
                    **dict.fromkeys(("spot", "futures", "v2", "public", "private"), url),
                    "ws": {
                        "public": {"linear": f"{ws}/v5/public/linear"},
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
                "fetchMarkets": {"types": ["linear"]},
                "watchPositions": {"fetchPositionsSnapshot": False},
            },
        }
    )
    market = "BTC/USDT:USDT"
    await client.load_markets()
    moved: asyncio.Queue[float] = asyncio.Queue()

    async def watch() -> None:
        while True:
            await client.watch_positions([market])
            moved.put_nowait(time.perf_counter())

    async def listen(hear: Callable[[str], Awaitable[object]]) -> None:
        while True:
            await hear(market)

    place = client.create_order_ws if way == "socket" else client.create_order
    heard = (listen(client.watch_orders), listen(client.watch_my_trades), watch())
    watching = [asyncio.create_task(listening) for listening in heard]
    await asyncio.sleep(SUBSCRIBED_S)
    acks: list[float] = []
    positions: list[float] = []
    begun_s = time.process_time()
    for number in range(WARM_UP + orders):
        buys = number % 2 == 0
        side, price = ("buy", float(HIGH)) if buys else ("sell", float(LOW))
        started_s = time.perf_counter()
        await place(market, "limit", side, float(QTY), price, {"timeInForce": "IOC"})
        acks.append(time.perf_counter() - started_s)
        positions.append(await asyncio.wait_for(moved.get(), WAIT_S) - started_s)
    cpu_s = time.process_time() - begun_s
    for task in watching:
        task.cancel()
    await client.close()
    return result(acks, positions, cpu_s)


def main() -> None:
    """Measure one client; ccxt on uvloop where it is installed."""
    who, url, way, orders = sys.argv[1:]
    use_last_core()
    if who == "pybit":
        print(json.dumps(pybit(url, way, int(orders))))
        return
    try:
        import uvloop

        factory = uvloop.new_event_loop
    except ImportError:
        factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        print(json.dumps(runner.run(ccxt(url, way, int(orders)))))


if __name__ == "__main__":
    main()

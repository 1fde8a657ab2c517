"""`tradedeck exchange` under load: order/create over REST, from another process, signed."""

from __future__ import annotations

import asyncio
import hmac
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count

from tests.bench.harness import ROOT, Figure, Goal, Outcome, Plan

CONNECTIONS = 16
CREATES = 6_000
RATE, SECONDS = 500, 8
KEY = "bench"
BODY = (
    '{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.001",'
    '"price":"40000","orderLinkId":"bench-%d"}'
)


def measure(plan: Plan) -> Iterator[Outcome]:
    """Yield creates a second with 16 in flight, and the latency of 500 a second on schedule."""
    rates, p50s, p99s = [], [], []
    for _ in range(plan.runs):
        with Server() as port:
            rates.append(asyncio.run(_closed(port, plan.scaled(CREATES))))
        with Server() as port:
            took_ms = sorted(asyncio.run(_open(port, plan.scaled(RATE * SECONDS))))
            p50s.append(took_ms[len(took_ms) // 2])
            p99s.append(took_ms[len(took_ms) * 99 // 100])
    yield Figure("creates, 16 in flight", "/s", rates, Goal(1_500, True))
    yield Figure("create at 500 a second, p50", "ms", p50s)
    yield Figure("create at 500 a second, p99", "ms", p99s, Goal(10.0))


class Server:
    """The exchange on a core of its own, without latency."""

    def __enter__(self) -> int:
        command = [sys.executable, "-m", "console", "exchange", "--port", "0", "--latency-ms", "0"]
        command += ["--max-open-orders", "1000000"]
        command += ["--api-key", KEY, "--api-secret", KEY]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        url = self._process.stdout.readline().split()[3].rstrip(",")
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        if len(cores) > 1:
            os.sched_setaffinity(self._process.pid, cores[:1])
        return int(url.rpartition(":")[2])

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)


class _Connection:
    """A bare HTTP client: what it costs is not the server's time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> _Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def create(self, number: int) -> None:
        """One order, acknowledged."""
        body = BODY % number
        timestamp = str(time.time_ns() // 1_000_000)
        signed = f"{timestamp}{KEY}5000{body}".encode()
        self._writer.write(
            (
                f"POST /v5/order/create HTTP/1.1\r\nHost: exchange\r\nX-BAPI-API-KEY: {KEY}\r\n"
                f"X-BAPI-TIMESTAMP: {timestamp}\r\nX-BAPI-RECV-WINDOW: 5000\r\n"
                f"X-BAPI-SIGN: {hmac.digest(KEY.encode(), signed, 'sha256').hex()}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = await self._reader.readexactly(length)
        if not answer.startswith(b'{"retCode":0,'):
            raise RuntimeError(answer.decode())

    def close(self) -> None:
        self._writer.close()


async def _closed(port: int, creates: int) -> float:
    connections = [await _Connection.open(port) for _ in range(CONNECTIONS)]
    numbers = iter(range(creates))

    async def work(connection: _Connection) -> None:
        for number in numbers:
            await connection.create(number)

    started_s = time.perf_counter()
    await asyncio.gather(*(work(connection) for connection in connections))
    took_s = time.perf_counter() - started_s
    for connection in connections:
        connection.close()
    return creates / took_s


async def _open(port: int, creates: int) -> list[float]:
    """Milliseconds from when each was due to its acknowledgement."""
    idle: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
    for _ in range(4 * CONNECTIONS):
        idle.put_nowait(await _Connection.open(port))
    took_ms: list[float] = []
    started_s = time.perf_counter()
    numbers = count()

    async def one(due_s: float) -> None:
        connection = await idle.get()
        await connection.create(next(numbers))
        took_ms.append((time.perf_counter() - due_s) * 1000)
        idle.put_nowait(connection)

    async with asyncio.TaskGroup() as tasks:
        for number in range(creates):
            due_s = started_s + number / RATE
            await asyncio.sleep(due_s - time.perf_counter())
            tasks.create_task(one(due_s))
    while not idle.empty():
        idle.get_nowait().close()
    return took_ms

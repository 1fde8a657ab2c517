"""A program: orders over bare sockets, one after the other; prints one line of JSON.

python -m tests.bench.bare_run URL rest|socket ORDERS

It waits in the kernel, checks next to nothing and keeps nothing: what it needs is the exchange's
time and the machine's, which no client can do without.
"""

from __future__ import annotations

import hmac
import json
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from tests.bench.peers import HIGH, KEY, LOW, QTY, SYMBOL, WARM_UP, result, use_last_core

WINDOW = "5000"
ORDER = (
    f'{{"category":"linear","symbol":"{SYMBOL}","side":"%s","orderType":"Limit",'
    f'"timeInForce":"IOC","qty":"{QTY}","price":"%s","orderLinkId":"bare-%d-%d"}}'
)
SIDES = (("Buy", HIGH), ("Sell", LOW))
TOPICS = '{"op":"subscribe","args":["order","execution","position"]}'
FILLED = b'"topic":"position"'
TEXT, MASKED, LONG = 0x81, 0x80, 126
"""A WebSocket frame's first byte, and what is said in its second one (RFC 6455)."""
HANDSHAKE = (
    "GET %s HTTP/1.1\r\nHost: exchange\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class _Line:
    """A connection and what of it is not read yet."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._socket = socket.create_connection((address.hostname, address.port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read(self, length: int) -> bytes:
        while len(self._unread) < length:
            self._more()
        taken, self._unread = self._unread[:length], self._unread[length:]
        return taken

    def read_head(self) -> bytes:
        while b"\r\n\r\n" not in self._unread:
            self._more()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        return head

    def _more(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the exchange hung up")
        self._unread += data


class _Stream:
    """A WebSocket that is logged in."""

    def __init__(self, url: str, path: str) -> None:
        self._line = _Line(url)
        self._line.write((HANDSHAKE % path).encode())
        self._line.read_head()
        expires_ms = time.time_ns() // 1_000_000 + 10_000
        self.ask(
            f'{{"op":"auth","args":["{KEY}",{expires_ms},"{_sign(f"GET/realtime{expires_ms}")}"]}}'
        )

    def ask(self, message: str) -> bytes:
        """Send a message; the next one that comes."""
        data = message.encode()
        short = len(data) < LONG
        length = b"" if short else len(data).to_bytes(2, "big")
        head = bytes((TEXT, MASKED | (len(data) if short else LONG)))
        self._line.write(head + length + bytes(4) + data)  # a mask of zeros
        return self.hear()

    def hear(self) -> bytes:
        length = self._line.read(2)[1]
        if length == LONG:
            length = int.from_bytes(self._line.read(2), "big")
        return self._line.read(length)


def _sign(text: str) -> str:
    return hmac.digest(KEY.encode(), text.encode(), "sha256").hex()


def _post(line: _Line, body: str) -> bytes:
    timestamp = str(time.time_ns() // 1_000_000)
    line.write(
        (
            f"POST /v5/order/create HTTP/1.1\r\nHost: exchange\r\nX-BAPI-API-KEY: {KEY}\r\n"
            f"X-BAPI-TIMESTAMP: {timestamp}\r\nX-BAPI-RECV-WINDOW: {WINDOW}\r\n"
            f"X-BAPI-SIGN: {_sign(f'{timestamp}{KEY}{WINDOW}{body}')}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
    )
    head = line.read_head().lower()
    return line.read(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))


def _send(trade: _Stream, body: str) -> bytes:
    now_ns = time.time_ns()
    return trade.ask(
        f'{{"reqId":"{now_ns}","header":{{"X-BAPI-TIMESTAMP":"{now_ns // 1_000_000}",'
        f'"X-BAPI-RECV-WINDOW":"{WINDOW}"}},"op":"order.create","args":[{body}]}}'
    )


def run(url: str, way: str, orders: int) -> dict[str, float]:
    """Median latencies in us."""
    private = _Stream(url, "/v5/private")
    private.ask(TOPICS)
    place: Callable[[str], bytes]
    if way == "rest":
        place = partial(_post, _Line(url))
    else:
        place = partial(_send, _Stream(url, "/v5/trade"))
    acks: list[float] = []
    positions: list[float] = []
    run_id, begun_s = time.time_ns(), time.process_time()
    for number in range(WARM_UP + orders):
        started_s = time.perf_counter()
        answer = place(ORDER % (*SIDES[number % 2], run_id, number))
        acks.append(time.perf_counter() - started_s)
        if b'"retCode":0,' not in answer:
            raise RuntimeError(answer.decode())
        while FILLED not in private.hear():
            pass
        positions.append(time.perf_counter() - started_s)
    return result(acks, positions, time.process_time() - begun_s)


if __name__ == "__main__":
    url, way, orders = sys.argv[1:]
    use_last_core()
    print(json.dumps(run(url, way, int(orders))))

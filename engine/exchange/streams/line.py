"""What every stream has: requests with an `op`, and the way back to the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import msgspec

from engine.exchange.account import Account, MarketKey
from engine.exchange.commands import Answer, Commands
from engine.exchange.deadman import DeadMan
from engine.exchange.hub import Hub, Send
from engine.exchange.ids import Ids
from engine.exchange.matching import Market
from engine.exchange.wire import encode

Gate = Callable[
    [str, Callable[[], Answer], Callable[[Answer | None], None], Callable[[], None]], None
]
"""Lets an order of the trade stream happen: its path, what does it, what answers (None: nothing
ever does), and what answers without the request's id."""


def open_gate(
    path: str,
    call: Callable[[], Answer],
    answer: Callable[[Answer | None], None],
    garble: Callable[[], None],
) -> None:
    """Everything happens, at once."""
    answer(call())


class Venue(NamedTuple):
    """What sessions need to know of the exchange."""

    hub: Hub
    accounts: Mapping[str, Account]
    markets: Mapping[MarketKey, Market]
    commands: Commands
    dead_man: DeadMan
    gate: Gate
    ids: Ids
    now_ns: Callable[[], int]

    def now_ms(self) -> int:
        """Unix time in ms."""
        return self.now_ns() // 1_000_000


class Session(Protocol):
    """One open WebSocket."""

    def receive(self, message: bytes) -> None:
        """Act on one message of the client."""
        ...

    def close(self) -> None:
        """The connection has ended: nothing is pushed any more."""
        ...


class Request(msgspec.Struct):
    """What a client sends. `req_id` may be a number; it is echoed as text."""

    op: str = ""
    args: list[object] = []
    req_id: str | int | None = None

    def topics(self) -> list[str]:
        """The args of a subscription."""
        return [str(arg) for arg in self.args]


REQUESTS = msgspec.json.Decoder(Request)
NO_REQUEST = Request()


class Reply(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What answers a request; keys that are None are left out."""

    success: bool
    ret_msg: str
    conn_id: str
    req_id: str | None = None
    op: str


class Line:
    """The way back to a client, and the replies that public and private streams give."""

    def __init__(self, send: Send, connection_id: str) -> None:
        self.send = send
        self.connection_id = connection_id
        self.is_open = True
        """Until its session is closed; what is still on its way then is not heard."""

    def reply(
        self, request: Request, ret_msg: str = "", *, success: bool = True, no_id: str | None = None
    ) -> None:
        """Answer a request; `no_id` stands for a req_id that was not given."""
        reply = Reply(
            success=success,
            ret_msg=ret_msg,
            conn_id=self.connection_id,
            req_id=no_id if request.req_id is None else str(request.req_id),
            op=request.op,
        )
        self.send((encode(reply),))

    def act(self, operations: Mapping[str, Callable[[Request], None]], message: bytes) -> None:
        """Read a message and run what its `op` names."""
        if not self.is_open:
            return
        try:
            request = REQUESTS.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.reply(NO_REQUEST, "error:invalid message", success=False)
            return
        operation = operations.get(request.op)
        if operation is None:
            self.reply(request, "error:unknown op", success=False)
        else:
            operation(request)

"""Orders over the trade WebSocket of Bybit v5 (/v5/ws/trade/guideline): one message, one answer.

The socket is logged in once; its messages carry a timestamp and no signature. Answers are matched
by request id and may come in any order. What is unanswered when the socket is lost may have been
carried out: it is VenueUnknown, never refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from engine.venues.bybit.batch_reply import (
    MISPLACED,
    UNKNOWN,
    Named,
    build_reply,
    judge,
    judge_whole,
)
from engine.venues.bybit.codec import UNREADABLE
from engine.venues.bybit.endpoints import TRADE
from engine.venues.bybit.private import LOGIN_VALID_MS
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.rest import Answer, read_answer
from engine.venues.bybit.retcodes import Channel, classify
from engine.venues.bybit.rows import Control
from engine.venues.errors import NotExecuted, VenueUnknown

RESTARTING = 10019
"""The gateway is about to restart: it takes no new request, those under way go on."""


_NULL = msgspec.Raw(b"null")


class _Ids(msgspec.Struct, rename="camel"):
    """The order of an answer; the answer to a batch has a list instead."""

    order_id: str | None = ""
    rows: msgspec.Raw = msgspec.field(default=_NULL, name="list")


class _Message(msgspec.Struct, rename="camel"):
    """An answer to an order request, to the login or to a ping; some failures are of the old shape
    with `success` and `ret_msg`, and some lack the request's id."""

    op: str = ""
    req_id: str = ""
    ret_code: int = 0
    ret_msg: str = ""
    data: _Ids | None = None
    ret_ext_info: msgspec.Raw = _NULL
    header: dict[str, str] = {}
    success: bool | None = None
    old_ret_msg: str = msgspec.field(default="", name="ret_msg")


class _Waiting(msgspec.Struct):
    op: str
    answer: asyncio.Future[_Message]


class TradeFeed:
    """What a StreamKeeper keeps open for orders. `send` puts one message on its socket.

    `ready` is True while requests can be sent; `restarting` when the venue asked for a fresh
    connection, once nothing is waiting on this one. It belongs to one event loop.
    """

    path = TRADE

    def __init__(
        self,
        quarantine: Quarantine,
        login_message: Callable[[int], bytes],
        timestamp_ms: Callable[[], int],
        recv_window_ms: int,
    ) -> None:
        self.owed: list[bytes] = []
        self.ready = False
        self.restarting = False
        self._quarantine = quarantine
        self._login_message = login_message
        self._timestamp_ms = timestamp_ms
        self._window = recv_window_ms
        self._decode = msgspec.json.Decoder(_Message).decode
        self._waiting: dict[str, _Waiting] = {}
        self._count = 0

    @property
    def waiting(self) -> int:
        """How many requests are not answered yet."""
        return len(self._waiting)

    def login(self) -> bytes:
        """The auth message, valid for ten seconds of the venue's clock."""
        return self._login_message(self._timestamp_ms() + LOGIN_VALID_MS)

    def subscriptions(self) -> list[bytes]:
        """Nothing is pushed here."""
        return []

    def tick(self) -> None:
        """Nothing on this stream needs asking for again."""

    def linked(self, up: bool, text: str) -> None:
        """The socket was opened and logged in, or lost: then nobody knows what was carried out."""
        self.ready = up
        self.restarting = False
        if not up:
            self._fail(list(self._waiting), VenueUnknown(text or "the trade stream was lost"))

    async def ask(
        self, op: str, body: bytes, send: Callable[[bytes], None]
    ) -> tuple[Answer, Mapping[str, str]]:
        """Send one order request; its answer, with the headers that REST would have sent.

        Raises VenueUnknown when it was sent and the answer never came, NotExecuted when it was not.
        """
        heard = await self._ask(op, body, send)
        code, message = heard.ret_code, heard.ret_msg
        ruling = classify(code, message, Channel.TRADE_SOCKET)
        order_id = (heard.data.order_id or "") if heard.data else ""
        return read_answer(ruling, code, message, order_id, 0), heard.header

    async def ask_batch(
        self, op: str, body: bytes, named: Sequence[Named], send: Callable[[bytes], None]
    ) -> tuple[list[Answer], Mapping[str, str]]:
        """Send a batch of requests, which `named` lists; the answer to each. Raises like `ask`."""
        heard = await self._ask(op, body, send)
        data = heard.data.rows if heard.data else _NULL
        try:
            reply = build_reply(
                heard.ret_code, heard.ret_msg, bytes(data), bytes(heard.ret_ext_info)
            )
        except UNREADABLE as error:
            self._quarantine.note("trade_message", bytes(data), error)
            return judge_whole(UNKNOWN, MISPLACED, len(named)), heard.header
        return judge(reply, named, Channel.TRADE_SOCKET), heard.header

    async def _ask(self, op: str, body: bytes, send: Callable[[bytes], None]) -> _Message:
        self._count += 1
        req_id = f"td{self._count}"
        request = b'{"reqId":"%s","header":{"X-BAPI-TIMESTAMP":"%d","X-BAPI-RECV-WINDOW":"%d"},' % (
            req_id.encode(),
            self._timestamp_ms(),
            self._window,
        ) + b'"op":"%s","args":[%s]}' % (op.encode(), body)
        waiting = _Waiting(op, asyncio.get_running_loop().create_future())
        self._waiting[req_id] = waiting
        try:
            try:
                send(request)
            except ConnectionError as error:
                raise NotExecuted(str(error)) from error
            return await waiting.answer
        finally:
            self._waiting.pop(req_id, None)

    def receive(self, message: bytes) -> Control | None:
        """Take an answer; return it where it is about the connection itself."""
        try:
            heard = self._decode(message)
        except UNREADABLE:
            self._quarantine.note("trade_message", message)
            return None
        if heard.op in ("auth", "ping", "pong"):
            return Control(heard.op, heard.ret_code in _LOGGED_IN, heard.ret_msg)
        if heard.ret_code == RESTARTING:
            self.ready = False
            self.restarting = True
        waiting = self._waiting.get(heard.req_id)
        if waiting is not None and not waiting.answer.done():
            waiting.answer.set_result(heard)
        elif not heard.req_id:
            # One of those that wait was refused, and nothing says which: all of them are asked for.
            self._quarantine.note("trade_answer_without_id", message)
            asked = [req_id for req_id, held in self._waiting.items() if held.op == heard.op]
            text = heard.ret_msg or heard.old_ret_msg or "an answer names no request"
            self._fail(asked or list(self._waiting), VenueUnknown(text))
        return None

    def _fail(self, req_ids: list[str], error: VenueUnknown) -> None:
        for req_id in req_ids:
            answer = self._waiting[req_id].answer
            if not answer.done():
                answer.set_exception(error)


_LOGGED_IN = (0, 20001)

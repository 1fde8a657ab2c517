"""Orders over the trade WebSocket of Bybit v5 (/v5/ws/trade/guideline): one message, one answer.

The socket is logged in once; its messages carry a timestamp and no signature. Answers are matched
by request id and may come in any order. What is unanswered when the socket is lost may have been
carried out: it is VenueUnknown, never refused. So is what an answer was for that cannot be read, or
that names no request: that one where it can be told, else every one of its operation, else all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from engine.venues.bybit.batch_reply import (
    Named,
    build_reply,
    judge,
    misplaced,
)
from engine.venues.bybit.codec import UNREADABLE
from engine.venues.bybit.endpoints import TRADE
from engine.venues.bybit.names import check_names
from engine.venues.bybit.private import LOGIN_VALID_MS
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.rest import Answer, read_answer
from engine.venues.bybit.retcodes import Channel, classify
from engine.venues.bybit.rows import Control
from engine.venues.bybit.strict import MAX_BYTES, refuse_repeated_keys
from engine.venues.errors import NotExecuted, VenueUnknown
from engine.venues.text import sanitise

RESTARTING = 10019
"""The gateway is about to restart: it takes no new request, those under way go on."""


NO_CODE = -(1 << 62)
"""Stands for the return code of an answer that has none: a login or a ping needs none."""
_NULL = msgspec.Raw(b"null")


class _Ids(msgspec.Struct, rename="camel"):
    """The order of an answer; the answer to a batch has a list instead."""

    order_id: str | None = ""
    rows: msgspec.Raw = msgspec.field(default=_NULL, name="list")


class Heard(msgspec.Struct, rename="camel"):
    """An answer to an order request, to the login or to a ping; some failures are of the old shape
    with `success` and `ret_msg`, and some lack the request's id. A list is the times of a ping."""

    op: str = ""
    req_id: str = ""
    ret_code: int = NO_CODE
    ret_msg: str = ""
    data: _Ids | list[str] | None = None
    ret_ext_info: msgspec.Raw = _NULL
    header: dict[str, str] = {}
    success: bool | None = None
    old_ret_msg: str = msgspec.field(default="", name="ret_msg")

    @property
    def ids(self) -> _Ids:
        """The order or the orders that it is about; none where it does not say."""
        return self.data if isinstance(self.data, _Ids) else _Ids()


class _UsualIds(_Ids, rename="camel", kw_only=True, forbid_unknown_fields=True):
    order_id: str
    order_link_id: str


class _Usual(Heard, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """An answer as nearly all are: about one order, with every key and no other."""

    req_id: str
    ret_code: int
    ret_msg: str
    op: str
    data: _UsualIds
    ret_ext_info: msgspec.Raw
    header: dict[str, str]
    conn_id: str


_USUAL_KEYS = 10
"""Of such an answer and its ids, those of its header left aside."""


class _Head(msgspec.Struct, rename="camel"):
    """As much of an answer as tells what it was for."""

    req_id: str = ""
    op: str = ""


class _Waiting(msgspec.Struct):
    op: str
    answer: asyncio.Future[Heard]


class TradeFeed:
    """What a StreamKeeper keeps open for orders. `send` puts one message on its socket.

    `restarting` is True when the venue asked for a fresh connection, once nothing is waiting on
    this one. It belongs to one event loop.
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
        self.restarting = False
        self._up = self._silent = False
        self._heard = 0
        self._quarantine = quarantine
        self._login_message = login_message
        self._timestamp_ms = timestamp_ms
        self._window = recv_window_ms
        self._decode = msgspec.json.Decoder(Heard).decode
        self._decode_usual = msgspec.json.Decoder(_Usual).decode
        self._decode_name = msgspec.json.Decoder(_Head).decode
        self._waiting: dict[str, _Waiting] = {}
        self._count = 0

    @property
    def ready(self) -> bool:
        """True while requests can be sent.

        Not on a socket on which nothing at all was heard while a request was waited for: it may be
        half open, and every request would be one more whose fate nobody knows.
        """
        return self._up and not self.restarting and not self._silent

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
        self._up = up
        self.restarting = self._silent = False
        if not up:
            self._fail(list(self._waiting), VenueUnknown(text or "the trade stream was lost"))

    async def ask(self, op: str, body: bytes, send: Callable[[bytes], None]) -> Heard:
        """Send a request about one order or a batch of them; what it was answered.

        Raises VenueUnknown when it was sent and the answer never came, NotExecuted when it was not.
        """
        self._count += 1
        req_id = f"td{self._count}"
        request = b'{"reqId":"%s","header":{"X-BAPI-TIMESTAMP":"%d","X-BAPI-RECV-WINDOW":"%d"},' % (
            req_id.encode(),
            self._timestamp_ms(),
            self._window,
        ) + b'"op":"%s","args":[%s]}' % (op.encode(), body)
        waiting = _Waiting(op, asyncio.get_running_loop().create_future())
        self._waiting[req_id] = waiting
        heard_before = self._heard
        try:
            try:
                send(request)
            except ConnectionError as error:
                raise NotExecuted(str(error)) from error
            return await waiting.answer
        except asyncio.CancelledError:  # its time is up
            self._silent = self._heard == heard_before
            raise
        finally:
            self._waiting.pop(req_id, None)

    def read_one(self, heard: Heard) -> tuple[Answer, Mapping[str, str]]:
        """The answer about one order, with the headers that REST would have sent."""
        code, message = heard.ret_code, heard.ret_msg
        ruling = classify(code, message, Channel.TRADE_SOCKET)
        return read_answer(ruling, code, message, heard.ids.order_id or "", 0), heard.header

    def read_batch(
        self, heard: Heard, named: Sequence[Named]
    ) -> tuple[list[Answer], Mapping[str, str]]:
        """The same about each order of a batch, which `named` lists."""
        data = heard.ids.rows
        try:
            reply = build_reply(
                heard.ret_code, heard.ret_msg, bytes(data), bytes(heard.ret_ext_info)
            )
        except UNREADABLE as error:
            self._quarantine.note("trade_message", bytes(data), error)
            return misplaced(len(named)), heard.header
        return judge(reply, named, Channel.TRADE_SOCKET), heard.header

    def receive(self, message: bytes) -> Control | None:
        """Take an answer; return it where it is about the connection itself."""
        self._heard += 1
        self._silent = False
        try:
            heard = self._read(message)
        except UNREADABLE as error:
            self._quarantine.note("trade_message", message, error)
            self._give_up(self._name_of(message), VenueUnknown("the answer could not be read"))
            return None
        if heard.op in CONTROLS:
            return Control(heard.op, heard.ret_code in _AGREED, heard.ret_msg)
        if heard.ret_code == RESTARTING:
            self.restarting = True
        if heard.ret_code == NO_CODE or not heard.req_id:
            # Something was refused, and what, or that it was, does not say itself: it is asked for.
            missing = "code" if heard.req_id else "id"
            self._quarantine.note(f"trade_answer_without_{missing}", message)
            text = heard.ret_msg or heard.old_ret_msg or f"an answer without {missing}"
            self._give_up(_Head(req_id=heard.req_id, op=heard.op), VenueUnknown(sanitise(text)))
            return None
        waiting = self._waiting.get(heard.req_id)
        if waiting is not None and not waiting.answer.done():
            waiting.answer.set_result(heard)
        return None

    def _read(self, message: bytes) -> Heard:
        """One answer, taken at its word. Raises one of UNREADABLE."""
        if len(message) > MAX_BYTES:
            raise ValueError(f"a frame of {len(message)} bytes")
        try:
            usual = self._decode_usual(message)
        except UNREADABLE:
            pass
        else:
            # A key that is given twice makes one colon more; so may a text.
            if message.count(b":") == _USUAL_KEYS + len(usual.header):
                check_names(usual.data.order_id)
                return usual
        heard = self._decode(message)
        refuse_repeated_keys(message)
        if isinstance(heard.data, list) and heard.op not in CONTROLS:
            raise ValueError("a list where an order's ids should be")
        check_names(heard.ids.order_id or "")
        return heard

    def _name_of(self, message: bytes) -> _Head:
        """What an answer that cannot be used was for, as far as it can be trusted to say."""
        if len(message) > MAX_BYTES:
            return _Head()
        try:
            named = self._decode_name(message)
            refuse_repeated_keys(message)
        except UNREADABLE:
            return _Head()
        return named

    def _give_up(self, named: _Head, error: VenueUnknown) -> None:
        """Leave open what may have been answered, and no more than that."""
        if named.req_id:
            self._fail([named.req_id] if named.req_id in self._waiting else [], error)
        elif named.op not in CONTROLS:
            asked = [req_id for req_id, held in self._waiting.items() if held.op == named.op]
            self._fail(asked or list(self._waiting), error)

    def _fail(self, req_ids: list[str], error: VenueUnknown) -> None:
        for req_id in req_ids:
            answer = self._waiting[req_id].answer
            if not answer.done():
                answer.set_exception(error)


_AGREED = (0, 20001, NO_CODE)
"""20001: it was logged in already."""
CONTROLS = frozenset({"auth", "ping", "pong"})
"""Operations that are about the connection and answer no request."""

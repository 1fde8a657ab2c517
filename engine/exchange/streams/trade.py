"""The trade stream: order entry over a WebSocket, by the same commands as over REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec

from engine.exchange.account import Account
from engine.exchange.auth import authenticate_stream, check_fresh
from engine.exchange.commands import Answer
from engine.exchange.errors import Refusal
from engine.exchange.streams.line import Line, Venue
from engine.exchange.wire import encode

COMMANDS = {
    "order.create": "/v5/order/create",
    "order.amend": "/v5/order/amend",
    "order.cancel": "/v5/order/cancel",
    "order.create-batch": "/v5/order/create-batch",
    "order.amend-batch": "/v5/order/amend-batch",
    "order.cancel-batch": "/v5/order/cancel-batch",
}
TIMESTAMP, WINDOW = "X-BAPI-TIMESTAMP", "X-BAPI-RECV-WINDOW"
MAX_REQUEST_ID = 36
REMEMBERED_IDS = 10_000  # request ids of a connection that must not come again


class TradeRequest(msgspec.Struct):
    """What a client sends. Times in the header may be numbers; `args` has one order."""

    op: str = ""
    args: list[msgspec.Raw] = []
    reqId: str | int | None = None
    header: dict[str, str | int] = {}


class TradeReply(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What answers a request; `reqId` is there if it was given."""

    reqId: str | None = None
    retCode: int
    retMsg: str
    op: str
    data: object = None
    retExtInfo: object = None
    header: object = None
    connId: str


REQUESTS = msgspec.json.Decoder(TradeRequest)
ARGUMENTS = msgspec.json.Decoder()


class TradeStream:
    """Order entry of one connection; only its authentication protects it."""

    def __init__(self, venue: Venue, line: Line) -> None:
        self._venue = venue
        self._line = line
        self._account: Account | None = None
        self._seen: dict[str, None] = {}

    def receive(self, message: bytes) -> None:
        """Act on one message of the client."""
        if not self._line.is_open:
            return
        try:
            request = REQUESTS.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._reply(TradeRequest(), 10001, "params error: invalid message")
            return
        if request.op in COMMANDS:
            self._command(request)
        elif request.op == "ping":
            now = [str(self._venue.now_ms())]
            self._reply(TradeRequest("pong", reqId=request.reqId), 0, "OK", data=now)
        elif request.op == "auth":
            self._auth(request)
        else:
            self._reply(request, 10404, f"op {request.op!r} is not found")

    def close(self) -> None:
        """Nothing is sent any more; orders live on."""
        self._line.is_open = False
        self._account = None

    def _auth(self, request: TradeRequest) -> None:
        if self._account is not None:
            self._reply(request, 20001, "already authenticated")
            return
        args = [cast(object, ARGUMENTS.decode(arg)) for arg in request.args]
        self._account = authenticate_stream(self._venue.accounts, args, self._venue.now_ms())
        if self._account is None:
            self._reply(request, 10004, "error sign! please check your signature")
        else:
            self._reply(request, 0, "OK")

    def _command(self, request: TradeRequest) -> None:
        account = self._account
        if account is None:
            self._reply(request, 10003, "Request not authorized")
            return
        path = COMMANDS[request.op]

        def call() -> Answer:
            try:
                self._check(request)
            except Refusal as refused:
                return Answer(refused.code, refused.message)
            return self._venue.commands.run(account, path, request.args[0])

        def answer(found: Answer | None) -> None:
            if found is not None and self._account is not None:
                self._reply(
                    request, found.code, found.message, found.result, found.extra, found.headers
                )

        def garble() -> None:
            lost = {"success": False, "ret_msg": "Params Error", "op": request.op}
            self._line.send((encode(lost),))

        self._venue.gate(path, call, answer, garble)

    def _check(self, request: TradeRequest) -> None:
        """Refuse what the gateway does not let through."""
        if len(request.args) != 1:
            raise Refusal(10001, "params error: args has exactly one element")
        header = request.header
        if TIMESTAMP not in header or WINDOW not in header:  # spelt in another case, perhaps
            header = {name.upper(): value for name, value in header.items()}
        timestamp, window = header.get(TIMESTAMP, ""), header.get(WINDOW, "")
        check_fresh(str(timestamp), str(window), self._venue.now_ms())
        if request.reqId is None:
            return
        name = str(request.reqId)
        if len(name) > MAX_REQUEST_ID:
            raise Refusal(10001, f"params error: reqId has more than {MAX_REQUEST_ID} characters")
        if name in self._seen:
            raise Refusal(20006, "reqId is duplicated")
        self._seen[name] = None
        if len(self._seen) > REMEMBERED_IDS:
            del self._seen[next(iter(self._seen))]

    def _reply(
        self,
        request: TradeRequest,
        code: int,
        message: str,
        data: object = None,
        extra: object = None,
        limits: Mapping[str, str] | None = None,
    ) -> None:
        header = None
        if limits is not None:
            header = {**limits, "Traceid": self._venue.ids.trace()}
            header["Timenow"] = str(self._venue.now_ms())
            header.pop("Content-Type", None)
        reply = TradeReply(
            reqId=None if request.reqId is None else str(request.reqId),
            retCode=code,
            retMsg=message,
            op=request.op,
            data=data,
            retExtInfo=extra,
            header=header,
            connId=self._line.connection_id,
        )
        self._line.send((encode(reply),))

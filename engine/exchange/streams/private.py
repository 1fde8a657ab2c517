"""The private stream: an account's own events."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from engine.exchange.account import Account
from engine.exchange.auth import authenticate_stream
from engine.exchange.streams.line import Line, Request, Venue
from engine.exchange.wire import encode

CATEGORISED = ("order", "execution", "execution.fast")
CATEGORIES = ("linear", "spot", "inverse", "option")
PRIVATE_TOPICS = frozenset(
    {*CATEGORISED, "position", "wallet", "greeks"}
    | {f"{kind}.{category}" for kind in CATEGORISED for category in CATEGORIES}
    | {"position.linear", "position.inverse", "position.option"}
    | {"dcp.future", "dcp.spot", "dcp.option"}
)


class PrivatePong(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The pong of the private stream, in a shape of its own; `args` is the time in ms."""

    req_id: str | None = None
    op: str
    args: list[str]
    conn_id: str


class PrivateStream:
    """An account's own events; needs authentication before anything but a ping."""

    def __init__(self, venue: Venue, line: Line) -> None:
        self.topics: set[str] = set()
        self.send = line.send
        self._venue = venue
        self._line = line
        self._account: Account | None = None
        self._operations: dict[str, Callable[[Request], None]] = {
            "ping": self._ping,
            "auth": self._auth,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
        }

    def receive(self, message: bytes) -> None:
        """Act on one message of the client."""
        self._line.act(self._operations, message)

    def close(self) -> None:
        """Stop listening to everything."""
        self._line.is_open = False
        if self._account is not None:
            account, self._account = self._account, None
            self._venue.hub.leave(self, account)
            self._venue.dead_man.note_topics(account)

    def _ping(self, request: Request) -> None:
        pong = PrivatePong(
            req_id=None if request.req_id is None else str(request.req_id),
            op="pong",
            args=[str(self._venue.now_ms())],
            conn_id=self._line.connection_id,
        )
        self.send((encode(pong),))

    def _auth(self, request: Request) -> None:
        account = authenticate_stream(self._venue.accounts, request.args, self._venue.now_ms())
        if account is None:
            self._line.reply(request, "Params Error", success=False)
            return
        if self._account is None:
            self._account = account
            self._venue.hub.join(self, account)
        self._line.reply(request)

    def _subscribe(self, request: Request) -> None:
        """Listen to topics. There is no snapshot and no replay on a private stream."""
        problem = self._problem(request.topics())
        if not problem:
            self.topics.update(request.topics())
            self._note_topics()
        self._line.reply(request, problem, success=not problem)

    def _unsubscribe(self, request: Request) -> None:
        self.topics.difference_update(request.topics())
        self._note_topics()
        self._line.reply(request)

    def _note_topics(self) -> None:
        if self._account is not None:
            self._venue.hub.note_topics(self._account)
            self._venue.dead_man.note_topics(self._account)

    def _problem(self, topics: list[str]) -> str:
        if self._account is None:
            return "Request not authorized"
        for topic in topics:
            if topic not in PRIVATE_TOPICS:
                return f"error:handler not found,topic:{topic}"
            kind, _, category = topic.rpartition(".")
            if category in CATEGORIES and kind in topics:
                return f"error:all-in-one and categorised topic together,topic:{topic}"
        return ""

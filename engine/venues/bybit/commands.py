"""The way of an order request: the trade WebSocket while it is up, REST otherwise.

The choice is made once a request. What was sent on the socket is never repeated by REST here: the
router asks for the order first. An address that was shut out of REST still cancels on the socket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from engine.core.reports import RequestKind
from engine.venues.bybit.batch_reply import Named, judge, read_reply
from engine.venues.bybit.rest import (
    CANCEL,
    CANCEL_ALL,
    CANCEL_BATCH,
    Answer,
    RestSession,
    read_answer,
)
from engine.venues.bybit.retcodes import Channel, classify
from engine.venues.bybit.streams import StreamKeeper
from engine.venues.bybit.trade import TradeFeed
from engine.venues.errors import NotExecuted, VenueUnknown

_REQUESTS = {
    RequestKind.PLACE: ("order.create", "/v5/order/create"),
    RequestKind.AMEND: ("order.amend", "/v5/order/amend"),
    RequestKind.CANCEL: ("order.cancel", CANCEL),
}
"""Each kind's operation on the trade WebSocket, and its path by REST."""
_BATCHES = {
    RequestKind.PLACE: ("order.create-batch", "/v5/order/create-batch"),
    RequestKind.AMEND: ("order.amend-batch", "/v5/order/amend-batch"),
    RequestKind.CANCEL: ("order.cancel-batch", CANCEL_BATCH),
}
"""The same of batches."""

LimitObserver = Callable[[RequestKind, int, int], None]
"""Called with (kind, requests a second, left of them) as the venue counts them."""


class _Affected(msgspec.Struct, rename="camel"):
    order_id: str | None = ""
    order_link_id: str | None = ""


class _CancelAllResult(msgspec.Struct):
    rows: list[_Affected] | None = msgspec.field(default=None, name="list")
    success: str = ""


class _CancelAllReply(msgspec.Struct, rename="camel"):
    ret_code: int
    ret_msg: str = ""
    result: _CancelAllResult | None = None


class CancelAllAnswer(msgspec.Struct, frozen=True):
    """What cancel-all was answered: `done` where the venue said so; ids of either kind."""

    answer: Answer
    done: bool
    affected: frozenset[str]


class Commands:
    """Sends one account's order requests. Without a trade socket everything goes by REST."""

    def __init__(
        self,
        rest: RestSession,
        on_limit: LimitObserver | None,
        on_sent: Callable[[], None] | None,
    ) -> None:
        self._rest = rest
        self._on_limit = on_limit
        self._on_sent = on_sent
        self._feed: TradeFeed | None = None
        self._keeper: StreamKeeper | None = None

    def use_socket(self, feed: TradeFeed, keeper: StreamKeeper) -> None:
        """Prefer this socket from now on, whenever it is ready."""
        self._feed, self._keeper = feed, keeper

    @property
    def shut_out(self) -> bool:
        """True while REST is banned, so that only the socket is left."""
        return self._rest.banned

    async def command(self, kind: RequestKind, body: bytes) -> Answer:
        """Carry out one request: the venue's definite answer.

        Raises VenueUnknown where it may have been carried out, NotExecuted or RateLimited where
        it surely was not; what the transport raises passes through.
        """
        if self._on_sent is not None:
            self._on_sent()
        op, path = _REQUESTS[kind]
        feed, keeper = self._feed, self._keeper
        if feed is None or keeper is None or not feed.ready:
            answer, headers = await self._rest.post(path, body)
        else:
            answer, headers = feed.read_one(await feed.ask(op, body, keeper.send))
            self._renew(feed, keeper)
        if self._on_limit is not None:
            self._note_limit(kind, headers, self._on_limit)
        return await self._rest.settle(answer, headers)

    async def batch(
        self, kind: RequestKind, body: bytes, named: Sequence[Named]
    ) -> list[Answer | VenueUnknown | NotExecuted]:
        """Carry out a batch of requests, which `named` lists: what became of each.

        Raises like `command` where one thing is true of all. The limits of batches are counted
        apart at the venue, so the observer does not hear of them.
        """
        op, path = _BATCHES[kind]
        feed, keeper = self._feed, self._keeper
        if feed is not None and keeper is not None and feed.ready:
            heard = await feed.ask(op, body, keeper.send)
            answers, headers = feed.read_batch(heard, named)
            self._renew(feed, keeper)
            return await self._rest.settle_all(answers, headers)
        reply = await self._rest.post_raw(path, body)
        found = self._rest.read(read_reply, reply)
        if found is None:
            answers = [self._rest.unread(reply)] * len(named)
        else:
            answers = judge(found, named, Channel.REST)
        return await self._rest.settle_all(answers, reply.headers)

    async def cancel_all(self, body: bytes) -> CancelAllAnswer:
        """Ask for cancel-all, which only REST knows. Raises like `command`."""
        reply = await self._rest.post_raw(CANCEL_ALL, body)
        found = self._rest.read(_read_cancel_all, reply)
        if found is None:
            answer = await self._rest.settle(self._rest.unread(reply), reply.headers)
            return CancelAllAnswer(answer, False, frozenset())
        ruling = classify(found.ret_code, found.ret_msg)
        answer = read_answer(ruling, found.ret_code, found.ret_msg, "", 0)
        result = found.result or _CancelAllResult()
        ids = {name for row in result.rows or () for name in (row.order_id, row.order_link_id)}
        return CancelAllAnswer(
            await self._rest.settle(answer, reply.headers),
            result.success == "1",
            frozenset(name for name in ids if name),
        )

    @staticmethod
    def _renew(feed: TradeFeed, keeper: StreamKeeper) -> None:
        if feed.restarting and not feed.waiting:
            keeper.renew("the trade gateway restarts")

    def _note_limit(
        self, kind: RequestKind, headers: Mapping[str, str], on_limit: LimitObserver
    ) -> None:
        limit, left = headers.get("X-Bapi-Limit", ""), headers.get("X-Bapi-Limit-Status", "")
        if limit.isdecimal() and left.isdecimal() and len(limit) + len(left) < 20:
            on_limit(kind, int(limit), int(left))


_read_cancel_all = msgspec.json.Decoder(_CancelAllReply).decode

"""The way of an order request: the trade WebSocket while it is up, REST otherwise.

The choice is made once a request. What was sent on the socket is never repeated by REST here: the
router asks for the order first. An address that was shut out of REST still cancels on the socket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core.reports import RequestKind
from engine.venues.bybit.rest import CANCEL, Answer, RestSession
from engine.venues.bybit.streams import StreamKeeper
from engine.venues.bybit.trade import TradeFeed

_REQUESTS = {
    RequestKind.PLACE: ("order.create", "/v5/order/create"),
    RequestKind.AMEND: ("order.amend", "/v5/order/amend"),
    RequestKind.CANCEL: ("order.cancel", CANCEL),
}
"""Each kind's operation on the trade WebSocket, and its path by REST."""

LimitObserver = Callable[[RequestKind, int, int], None]
"""Called with (kind, requests a second, left of them) as the venue counts them."""


class Commands:
    """Sends one account's order requests. Without a trade socket everything goes by REST."""

    def __init__(self, rest: RestSession, on_limit: LimitObserver | None) -> None:
        self._rest = rest
        self._on_limit = on_limit
        self._feed: TradeFeed | None = None
        self._keeper: StreamKeeper | None = None

    def use_socket(self, feed: TradeFeed, keeper: StreamKeeper) -> None:
        """Prefer this socket from now on, whenever it is ready."""
        self._feed, self._keeper = feed, keeper

    async def command(self, kind: RequestKind, body: bytes) -> Answer:
        """Carry out one request: the venue's definite answer.

        Raises VenueUnknown where it may have been carried out, NotExecuted or RateLimited where
        it surely was not; what the transport raises passes through.
        """
        op, path = _REQUESTS[kind]
        feed, keeper = self._feed, self._keeper
        if feed is None or keeper is None or not feed.ready:
            answer, headers = await self._rest.post(path, body)
        else:
            answer, headers = await feed.ask(op, body, keeper.send)
            if feed.restarting and not feed.waiting:
                keeper.renew("the trade gateway restarts")
        if self._on_limit is not None:
            self._note_limit(kind, headers, self._on_limit)
        return await self._rest.settle(answer, headers)

    def _note_limit(
        self, kind: RequestKind, headers: Mapping[str, str], on_limit: LimitObserver
    ) -> None:
        limit, left = headers.get("X-Bapi-Limit", ""), headers.get("X-Bapi-Limit-Status", "")
        if limit.isdecimal() and left.isdecimal() and len(limit) + len(left) < 20:
            on_limit(kind, int(limit), int(left))

"""The way of an order request: the trade WebSocket while it is up, REST otherwise.

The choice is made once a request. What was sent on the socket is never repeated by REST here: the
router asks for the order first.
"""

from __future__ import annotations

from engine.venues.bybit.rest import Answer, RestSession
from engine.venues.bybit.streams import StreamKeeper
from engine.venues.bybit.trade import TradeFeed

PATHS = {
    "order.create": "/v5/order/create",
    "order.amend": "/v5/order/amend",
    "order.cancel": "/v5/order/cancel",
}
"""Operations on the trade WebSocket, and the same in REST."""


class Commands:
    """Sends one account's order requests. Without a trade socket everything goes by REST."""

    def __init__(self, rest: RestSession) -> None:
        self._rest = rest
        self._feed: TradeFeed | None = None
        self._keeper: StreamKeeper | None = None

    def use_socket(self, feed: TradeFeed, keeper: StreamKeeper) -> None:
        """Prefer this socket from now on, whenever it is ready."""
        self._feed, self._keeper = feed, keeper

    async def command(self, op: str, body: bytes) -> Answer:
        """Carry out one request; see `RestSession.command` for what it raises."""
        feed, keeper = self._feed, self._keeper
        if feed is None or keeper is None or not feed.ready:
            return await self._rest.command(PATHS[op], body)
        answer, headers = await feed.ask(op, body, keeper.send)
        if feed.restarting and not feed.waiting:
            keeper.renew("the trade gateway restarts")
        return await self._rest.settle(answer, headers)

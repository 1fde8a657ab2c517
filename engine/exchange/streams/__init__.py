"""WebSocket sessions: what a client says on one, and what the exchange pushes to it.

Nothing here knows of sockets: bytes come in by `Session.receive` and go out by the `send` that the
session was opened with.
"""

from __future__ import annotations

from engine.exchange.hub import Send
from engine.exchange.streams.line import Line, Session, Venue
from engine.exchange.streams.private import PrivateStream
from engine.exchange.streams.public import PublicStream
from engine.exchange.streams.trade import TradeStream

__all__ = ["Session", "Venue", "open_session"]

PUBLIC_PATHS = {
    "/v5/public/linear": "linear",
    "/v5/public/spot": "spot",
    "/v5/public/inverse": "inverse",
}
PRIVATE_PATH = "/v5/private"
TRADE_PATH = "/v5/trade"


def open_session(venue: Venue, path: str, send: Send) -> Session | None:
    """Open a session at a stream's path, None where there is no such stream."""
    line = Line(send, venue.ids.connection_id())
    if path == PRIVATE_PATH:
        return PrivateStream(venue, line)
    if path == TRADE_PATH:
        return TradeStream(venue, line)
    category = PUBLIC_PATHS.get(path)
    return None if category is None else PublicStream(venue, line, category)

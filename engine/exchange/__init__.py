"""The simulated exchange: the other side of the wire, speaking Bybit v5.

It imports nothing of the engine. From the outside in:

    exchange    the object that holds every part; seeds accounts, counts what was played
    memory      connections inside the process (a network server would stand in the same place)
    rest        method and path -> what answers it; auth checks signatures
    streams     WebSocket sessions; hub knows who listens to what
    trading     place, amend, cancel; checks has the venue's refusals
    queries     what an account may ask; market_data, what anyone may; paging
    matching    the fill model of one market, over book (the market's) and resting (our orders)
    account     what one API key owns: orders, positions, wallet, fills
    wire, rows  the venue's spelling, and how it is built; instruments, numbers, ids
    player      plays the frames of a source on the clock
    sources/    recorded markets, and synthetic ones made up from a seed
"""

from __future__ import annotations

from engine.exchange.errors import RecordingError
from engine.exchange.exchange import Exchange, create_exchange
from engine.exchange.memory import MemoryTransport
from engine.exchange.player import Progress
from engine.exchange.seeds import SeedOrder, SeedPosition

__all__ = [
    "Exchange",
    "MemoryTransport",
    "Progress",
    "RecordingError",
    "SeedOrder",
    "SeedPosition",
    "create_exchange",
]

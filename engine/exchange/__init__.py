"""The simulated exchange: the other side of the wire, speaking Bybit v5.

It imports nothing of the engine. From the outside in:

    exchange    the object that holds every part; seeds accounts, counts what was played
    memory      connections inside the process; server, the same over sockets on loopback
    rest        method and path -> what answers it; auth checks signatures, limits count requests
    streams/    WebSocket sessions: public, private, trade; hub knows who listens to what
    commands    one table of what an account may do, shared by REST and the trade stream
    trading     place, amend, cancel; terms reads triggers and values, checks has the refusals,
                ceilings how many orders may be open
    settings    leverage, position mode; deadman cancels when an account is cut off
    queries     what an account may ask; market_data, what anyone may; paging
    matching    the fill model of one market, over book (the market's) and resting (our orders)
    conditions  prices that orders wait for; protection, take-profits and stop-losses;
                exits, those of a part of a position
    account     what one API key owns: orders, positions, wallet, fills
    wire, rows  the venue's spelling, and how it is built; instruments, numbers, ids
    player      plays the frames of a source on the clock; feeds and candles make more of them
    sources/    recorded markets, and synthetic ones made up from a seed
    faults/     what goes wrong at a real venue, played on purpose
"""

from __future__ import annotations

from engine.exchange.conditions import Condition as SeedCondition
from engine.exchange.errors import RecordingError
from engine.exchange.exchange import Exchange, create_exchange
from engine.exchange.memory import MemoryTransport
from engine.exchange.orders import Attached as SeedAttached
from engine.exchange.orders import Exit as SeedExit
from engine.exchange.player import Progress
from engine.exchange.seeds import SeedOrder, SeedPosition, SeedSettings

__all__ = [
    "Exchange",
    "MemoryTransport",
    "Progress",
    "RecordingError",
    "SeedAttached",
    "SeedCondition",
    "SeedExit",
    "SeedOrder",
    "SeedPosition",
    "SeedSettings",
    "create_exchange",
]

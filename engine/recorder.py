"""Writes a real market to a file that `--replay` plays: instruments, then public frames as heard.

The file grows line by line and is readable at any moment, also after a crash: only the tail that
was not flushed is missing. A lost line of communication leaves a gap in time; the book snapshot
that follows it starts each book anew.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from engine.clock import NS, Clock, wait_for
from engine.core.types import Category
from engine.errors import InputError, TradedeckError, did_you_mean
from engine.venues.bybit.market import subscriptions
from engine.venues.bybit.rows import Control
from engine.venues.bybit.streams import StreamKeeper
from engine.venues.errors import VenueRefused
from engine.venues.protocol import Transport

FLUSH_NS = NS  # what a crash may cost
GZIP = 31  # zlib's word for the gzip format with the largest window
INSTRUMENTS_TIMEOUT_S = 10.0
TOPICS = ("orderbook.50", "publicTrade", "tickers")


class RecordError(TradedeckError):
    """A market that cannot be recorded."""


class _Head(msgspec.Struct):
    topic: str = ""
    op: str = ""
    success: bool | None = None
    ret_msg: str = ""


class _Instruments(msgspec.Struct):
    rows: list[msgspec.Raw] = msgspec.field(default_factory=list, name="list")


class _InstrumentsReply(msgspec.Struct):
    result: _Instruments = msgspec.field(default_factory=_Instruments)


class _Named(msgspec.Struct):
    symbol: str


class RecordingWriter:
    """One recording in the making. Lines must come in order of time, which is the clock's."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Begin a new file. Raises OSError when it cannot be made, or is there already."""
        self.frames = 0
        self._clock = clock
        self._zip = zlib.compressobj(wbits=GZIP)
        self._flushed_ns = clock.now_ns()
        self._file = path.open("xb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.write(self._zip.flush())
        self._file.close()

    def instrument(self, row: bytes) -> None:
        """Write a row of market/instruments-info; before the first frame of its symbol."""
        self._line(b"i", row)

    def frame(self, message: bytes) -> None:
        """Write one public frame as it was received."""
        self.frames += 1
        # A line break can only stand between values: inside of one it would be escaped.
        self._line(b"f", message.replace(b"\n", b" "))

    def _line(self, kind: bytes, content: bytes) -> None:
        now_ns = self._clock.now_ns()
        self._file.write(self._zip.compress(b'{"t":%d,"%s":%s}\n' % (now_ns, kind, content)))
        if now_ns - self._flushed_ns >= FLUSH_NS:
            self._flushed_ns = now_ns
            self._file.write(self._zip.flush(zlib.Z_SYNC_FLUSH))
            self._file.flush()


class RecordFeed:
    """The public stream of linear markets, kept as it comes."""

    path = f"/v5/public/{Category.LINEAR}"

    def __init__(self, symbols: Sequence[str], on_frame: Callable[[bytes], None]) -> None:
        self.owed: list[bytes] = []
        self.unreadable = 0
        self._topics = [f"{topic}.{symbol}" for symbol in symbols for topic in TOPICS]
        self._on_frame = on_frame
        self._decode = msgspec.json.Decoder(_Head).decode

    def login(self) -> None:
        """Public streams need none."""

    def subscriptions(self) -> list[bytes]:
        """Messages that subscribe every topic of a fresh connection."""
        return subscriptions(self._topics)

    def tick(self) -> None:
        """Nothing is asked for again: a snapshot comes with every connection."""

    def receive(self, message: bytes) -> Control | None:
        """Keep a frame; return what is about the connection itself."""
        try:
            head = self._decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.unreadable += 1
            return None
        if head.topic:
            self._on_frame(message)
            return None
        return Control(head.op, head.success, head.ret_msg)


async def record(
    transport: Transport,
    clock: Clock,
    symbols: Sequence[str],
    writer: RecordingWriter,
    *,
    rng: random.Random,
    until: asyncio.Event,
    on_link: Callable[[bool, str], None],
) -> None:
    """Record `symbols` until told to end; `on_link` hears of a lost and found connection.

    Raises RecordError where the venue cannot be reached now or does not list a symbol.
    """
    try:
        for row in await _instruments(transport, clock, symbols):
            writer.instrument(row)
        keeper = StreamKeeper(transport, clock, rng, RecordFeed(symbols, writer.frame), on_link)
        await keeper.start()
    except (TimeoutError, ConnectionError, VenueRefused) as error:
        raise RecordError(f"the market cannot be reached: {error}") from error
    try:
        await until.wait()
    finally:
        await keeper.close()


async def _instruments(
    transport: Transport, clock: Clock, symbols: Sequence[str]
) -> list[msgspec.Raw]:
    """The rows of `symbols`, in that order."""
    asked = transport.request(
        "GET", "/v5/market/instruments-info", f"category={Category.LINEAR}&limit=1000", b"", {}
    )
    reply = await wait_for(clock, asked, INSTRUMENTS_TIMEOUT_S)
    try:
        rows = msgspec.json.decode(reply.body, type=_InstrumentsReply).result.rows
        listed = {msgspec.json.decode(row, type=_Named).symbol: row for row in rows}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"the list of markets cannot be read (HTTP {reply.status})") from error
    for symbol in symbols:
        if symbol not in listed:
            raise InputError(f"{symbol} is no linear market{did_you_mean(symbol, listed)}")
    return [listed[symbol] for symbol in symbols]

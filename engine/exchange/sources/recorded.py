"""A recorded market: JSON lines, gzipped, one or several files merged by time.

Each line is `{"t": unix ns, "i": instrument}` or `{"t": unix ns, "f": public frame}`, in order of
`t`, an instrument before the first frame of its symbol. A line that is not so costs itself only.
Files are streamed: never held in memory, read once when opened (to check every line and to know
where the market begins and ends) and once when played.
"""

from __future__ import annotations

import gzip
import heapq
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import InvalidOperation
from pathlib import Path
from typing import ClassVar

import msgspec

from engine.exchange.book import is_snapshot
from engine.exchange.errors import RecordingError
from engine.exchange.instruments import InstrumentRow, parse_instrument
from engine.exchange.numbers import ZERO, parse
from engine.exchange.sources.frames import (
    BOOK_TOPIC,
    TICKER_TOPIC,
    TRADE_TOPIC,
    BookData,
    BookFrame,
    Decoded,
    Fault,
    Frame,
    Level,
    TickerFrame,
    Trade,
    TradeFrame,
)

MAX_FAULTS = 100  # how many bad lines are described; the rest are only counted
GZIP_MAGIC = b"\x1f\x8b"
LATEST_NS = 1 << 62  # the year 2116
LARGEST = 10**15  # a price or size beyond this is not one
NO_FRAME = msgspec.Raw()


class Line(msgspec.Struct):
    """One line: an instrument or a frame."""

    t: int
    i: InstrumentRow | None = None
    f: msgspec.Raw = NO_FRAME


class Head(msgspec.Struct):
    """The part of a frame that says what it is."""

    topic: str
    type: str
    ts: int
    data: msgspec.Raw
    cts: int = 0
    cs: int = 0


LINES = msgspec.json.Decoder(Line)
HEADS = msgspec.json.Decoder(Head)
BOOKS = msgspec.json.Decoder(BookData)
TRADES = msgspec.json.Decoder(list[Trade])
TICKERS = msgspec.json.Decoder(dict[str, str | None])


class BadLine(Exception):
    """What is wrong with a line."""


class Recording:
    """Several files as one market."""

    def __init__(self, files: Sequence[RecordingFile]) -> None:
        self._files = files
        found: dict[tuple[str, str], InstrumentRow] = {}
        for file in files:
            found |= file.instruments
        self.instruments = [(category, row) for (category, _), row in found.items()]
        self.first_ts = min(file.first_ts for file in files)
        self.last_ts = max(file.last_ts for file in files)
        self.errors = [fault for file in files for fault in file.faults]
        self.error_count = sum(file.fault_count for file in files)

    @property
    def first_error(self) -> str:
        """The file's name, the line, and what is wrong with it; empty where all is well."""
        return next((f"{Path(f.file).name}:{f.line}: {f.what}" for f in self.errors), "")

    def frames(self) -> Iterator[Frame]:
        """Frames of all files by time; at equal times in the order the files were given."""
        return heapq.merge(*(file.frames() for file in self._files), key=lambda frame: frame.t_ns)


def open_recording(paths: Sequence[str | Path]) -> Recording:
    """Open recorded files, checking every line once.

    Raises RecordingError naming the file that is missing, unreadable, or without a valid frame.
    """
    if not paths:
        raise RecordingError("a recording needs at least one file")
    return Recording([RecordingFile(Path(path)) for path in paths])


class RecordingFile:
    """One file: what is in it, and what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.faults: list[Fault] = []
        self.fault_count = 0
        self.first_ts = 0
        self.last_ts = 0
        self._path = path
        reader = LineReader()
        try:
            for frame in self._read(reader, self._note):
                self.first_ts = self.first_ts or frame.t_ns
                self.last_ts = frame.t_ns
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read: {error.strerror or error}") from None
        if not self.first_ts:
            why = f" (line {self.faults[0].line}: {self.faults[0].what})" if self.faults else ""
            raise RecordingError(f"{path}: not a recorded market: no valid frame in it{why}")
        self.instruments = reader.instruments

    def frames(self) -> Iterator[Frame]:
        """The valid frames, streamed from the file."""
        return self._read(LineReader(), lambda line, what: None)

    def _read(self, reader: LineReader, note: Callable[[int, str], None]) -> Iterator[Frame]:
        for number, line in enumerate(_lines(self._path), 1):
            if isinstance(line, BadLine):
                note(number, str(line))
                continue
            try:
                frame = reader.read(line)
            except BadLine as bad:
                note(number, str(bad))
                continue
            if frame is not None:
                yield frame

    def _note(self, line: int, what: str) -> None:
        self.fault_count += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(str(self._path), line, what))


def _lines(path: Path) -> Iterator[bytes | BadLine]:
    """Lines of a plain or gzipped file; a broken tail is a last BadLine. May raise OSError."""
    with path.open("rb") as raw:
        is_gzip = raw.peek(2)[:2] == GZIP_MAGIC
        with gzip.GzipFile(fileobj=raw) if is_gzip else raw as file:
            while True:
                try:
                    line = file.readline()
                except EOFError:
                    yield BadLine("the file ends in the middle: its recorder was stopped")
                    return
                except (gzip.BadGzipFile, zlib.error):
                    yield BadLine("damaged compression: the rest cannot be read")
                    return
                if not line:
                    return
                yield line


class LineReader:
    """Reads a file's lines in order and knows what may come next."""

    def __init__(self) -> None:
        self.instruments: dict[tuple[str, str], InstrumentRow] = {}
        self._categories: dict[str, str] = {}  # by symbol
        self._with_book: set[str] = set()
        self._last_t = 0

    def read(self, line: bytes) -> Frame | None:
        """The frame on a line, None where it has another purpose. Raises BadLine."""
        try:
            return self._read(LINES.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadLine(f"not valid: {error}") from None
        except (ValueError, InvalidOperation) as error:
            raise BadLine(str(error) or "not a number") from None

    def _read(self, line: Line) -> Frame | None:
        if not self._last_t <= line.t < LATEST_NS:
            raise ValueError("t is earlier than on a line before it, or no time")
        frame = None
        if line.i is not None:
            self._read_instrument(line.i)
        elif line.f:
            frame = self._read_frame(line.t, bytes(line.f))
        else:
            raise ValueError("neither an instrument nor a frame")
        self._last_t = line.t
        return frame

    def _read_instrument(self, row: InstrumentRow) -> None:
        instrument = parse_instrument(row)
        self.instruments[instrument.key] = row
        self._categories[instrument.symbol] = instrument.category

    def _read_frame(self, t_ns: int, raw: bytes) -> Frame | None:
        head = HEADS.decode(raw)
        for prefix, decode in self._DECODERS.items():
            if head.topic.startswith(prefix):
                symbol = head.topic.removeprefix(prefix)
                category = self._categories.get(symbol)
                if category is None:
                    raise ValueError(f"a frame of {symbol} before its instrument")
                decoded = decode(self, head, symbol)
                if isinstance(decoded, BookFrame) and _spell_deletes(decoded.data):
                    raw = msgspec.json.encode(decoded)
                return Frame(t_ns, category, symbol, head.topic, raw, decoded)
        return None

    def _read_book(self, head: Head, symbol: str) -> BookFrame:
        data = BOOKS.decode(head.data)
        _check_symbol(data.s, symbol)
        for levels in (data.b, data.a):
            for price, size in levels:
                if not (0 < price < LARGEST and 0 <= size < LARGEST):
                    raise ValueError(f"no such level: {price} x {size}")
        if head.type not in ("snapshot", "delta"):
            raise ValueError(f"no such type of book frame: {head.type}")
        frame = BookFrame(head.topic, head.type, head.ts, data, head.cts)
        if is_snapshot(frame):
            self._with_book.add(symbol)
        elif symbol not in self._with_book:
            raise ValueError(f"a book delta of {symbol} before its snapshot")
        return frame

    def _read_trades(self, head: Head, symbol: str) -> TradeFrame:
        trades = TRADES.decode(head.data)
        for trade in trades:
            _check_symbol(trade.s, symbol)
            if not (0 < trade.p < LARGEST and 0 < trade.v < LARGEST):
                raise ValueError(f"no such trade: {trade.v} at {trade.p}")
        return TradeFrame(head.topic, head.type, head.ts, trades)

    def _read_ticker(self, head: Head, symbol: str) -> TickerFrame:
        data = TICKERS.decode(head.data)
        _check_symbol(data.get("symbol"), symbol)
        for name in ("lastPrice", "markPrice"):
            if (written := data.get(name)) and not parse(written):
                raise ValueError(f"{name} is not a price: {written}")
        return TickerFrame(head.topic, head.type, head.ts, data, head.cs)

    _DECODERS: ClassVar[Mapping[str, Callable[[LineReader, Head, str], Decoded]]] = {
        BOOK_TOPIC: _read_book,
        TRADE_TOPIC: _read_trades,
        TICKER_TOPIC: _read_ticker,
    }


def _spell_deletes(data: BookData) -> bool:
    """Give deleted levels the size "0" that readers look for; true where one had another."""
    if not any(not size and str(size) != "0" for side in (data.b, data.a) for _, size in side):
        return False
    data.b, data.a = _spelt(data.b), _spelt(data.a)
    return True


def _spelt(levels: list[Level]) -> list[Level]:
    return [(price, size or ZERO) for price, size in levels]


def _check_symbol(written: str | None, symbol: str) -> None:
    if written != symbol:
        raise ValueError(f"data of {written} in a frame of {symbol}")

"""`tradedeck record`: write a real market to a file that `--replay` plays."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli.parsing import Options, Parser, UsageError, seconds

if TYPE_CHECKING:
    from engine.recorder import RecordingWriter

NAME = "tradedeck record"
SUFFIX = ".jsonl.gz"

EXAMPLES = (
    "tradedeck record --symbols BTCUSDT,ETHUSDT --out market.jsonl.gz",
    "tradedeck record --symbols BTCUSDT --out hour.jsonl.gz --duration 3600",
    "tradedeck record --symbols BTCUSDT --out try.jsonl.gz --url http://127.0.0.1:18080",
)


def add_options(parser: Parser) -> None:
    """Declare the recorder's options."""
    parser.add_argument(
        "--symbols",
        type=_symbols,
        required=True,
        metavar="A,B",
        help="perpetuals to record, a comma between them",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=f"a new file, NAME{SUFFIX}"
    )
    parser.add_argument(
        "--duration", type=seconds, metavar="S", help="end after so many seconds (default: Ctrl+C)"
    )
    parser.add_argument(
        "--environment",
        choices=("mainnet", "testnet"),
        default="mainnet",
        help="whose market (default: mainnet; no key is needed)",
    )
    parser.add_argument(
        "--url", type=_url, metavar="URL", help="a local exchange instead, like tradedeck exchange"
    )


def run(options: Options) -> int:
    """Record until interrupted or the time is over; 0 when anything was recorded."""
    if not options.out.name.endswith(SUFFIX):
        raise UsageError(f"{NAME}: --out {options.out}: must end with {SUFFIX}")
    if options.out.exists():
        raise UsageError(f"{NAME}: --out {options.out}: is there already; choose another name")
    return asyncio.run(_record(options))


async def _record(options: Options) -> int:
    from engine.clock import LiveClock
    from engine.recorder import RecordingWriter, record
    from engine.venues.bybit.endpoints import endpoints
    from engine.venues.network import NetworkTransport

    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, until.set)
    if options.duration is not None:
        loop.call_later(options.duration, until.set)
    environment = "local" if options.url else options.environment
    addresses = endpoints(environment, options.url)
    transport = NetworkTransport(addresses.rest, addresses.stream_url)
    clock = LiveClock()
    try:
        with RecordingWriter(options.out, clock) as writer:
            try:
                await record(
                    transport,
                    clock,
                    options.symbols,
                    writer,
                    rng=random.Random(),
                    until=until,
                    on_link=_tell,
                )
            except BaseException:
                if not writer.frames:
                    options.out.unlink()
                raise
    finally:
        await transport.close()
    return _sum_up(options.out, writer)


def _sum_up(out: Path, writer: RecordingWriter) -> int:
    if not writer.frames:
        out.unlink()
        print(f"{NAME}: nothing was heard; no file was kept", file=sys.stderr)
        return 1
    print(f"{writer.frames:,} frames in {out}; play them with: tradedeck --replay {out}")
    return 0


def _tell(up: bool, text: str) -> None:
    print("recording; Ctrl+C ends it" if up else f"the line was lost: {text}", file=sys.stderr)


def _symbols(text: str) -> tuple[str, ...]:
    symbols = tuple(text.split(","))
    for symbol in symbols:
        if not (symbol.isascii() and symbol.isalnum() and symbol.isupper()):
            raise argparse.ArgumentTypeError(
                f"{symbol!r} is no perpetual's symbol, like BTCUSDT; a comma between several"
            )
    if len(set(symbols)) < len(symbols):
        raise argparse.ArgumentTypeError("a symbol is given twice")
    return symbols


def _url(text: str) -> str:
    from engine.config.values import loopback_url

    try:
        return loopback_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None

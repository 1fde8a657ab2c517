"""`tradedeck exchange`: the simulated exchange as a server, for any client that speaks Bybit v5."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli.parsing import (
    DEFAULT_SEED,
    Options,
    Parser,
    UsageError,
    add_market_options,
    check_market_options,
    whole,
)
from engine.errors import InputError

if TYPE_CHECKING:
    from engine.exchange import Exchange
    from engine.exchange.faults import Plan

NAME = "tradedeck exchange"
DEFAULT_PORT = 18080
DEFAULT_KEY = "paper"

EXAMPLES = (
    "tradedeck exchange",
    "tradedeck exchange --port 0 --seed 3 --rate-limits",
    "tradedeck exchange --replay btcusdt.jsonl.gz --api-key KEY --api-secret SECRET",
    "tradedeck exchange --faults faults.toml",
)

SNIPPETS = """\
pybit:
  import pybit.unified_trading as ut, pybit._websocket_trading as wt
  ut.PUBLIC_WSS = "{ws}/v5/public/{{CHANNEL_TYPE}}"
  ut.PRIVATE_WSS, wt.TRADE_WSS = "{ws}/v5/private", "{ws}/v5/trade"
  session = ut.HTTP(api_key="{key}", api_secret="{secret}")
  session.endpoint = "{http}"

ccxt:
  import ccxt.async_support, ccxt.pro
  R, W = "{http}", "{ws}"
  public = {{name: W + "/v5/public/" + name for name in ("spot", "linear", "inverse", "option")}}
  private = {{"spot": {{"unified": W + "/v5/private"}}, "contract": W + "/v5/private",
             "usdc": W + "/v5/private", "trade": W + "/v5/trade"}}
  client = ccxt.pro.bybit({{"apiKey": "{key}", "secret": "{secret}", "enableRateLimit": False,
      "urls": {{"api": {{"spot": R, "futures": R, "v2": R, "public": R, "private": R,
                       "ws": {{"public": public, "private": private}}}}}},
      "options": {{"defaultType": "swap", "fetchMarkets": {{"types": ["spot", "linear"]}}}}}})
"""


def add_options(parser: Parser) -> None:
    """Declare the server's options."""
    add_market_options(parser)
    parser.add_argument(
        "--host",
        type=_loopback,
        default="127.0.0.1",
        metavar="HOST",
        help="a loopback address to listen on (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--port",
        type=whole(0, 65_535),
        default=DEFAULT_PORT,
        metavar="P",
        help=f"REST and WebSockets are on this port; 0 is any free one (default: {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--api-key",
        action="append",
        metavar="KEY",
        help="an account's key; give it and --api-secret again for more (default: paper)",
    )
    parser.add_argument(
        "--api-secret", action="append", metavar="SECRET", help="its secret (default: paper)"
    )
    parser.add_argument(
        "--rate-limits", action="store_true", help="enforce the venue's limits of requests"
    )
    parser.add_argument(
        "--max-open-orders",
        type=whole(1, 1_000_000),
        metavar="N",
        help="so many open orders a market (default: the venue's 500, and 10 conditional)",
    )
    parser.add_argument(
        "--faults",
        type=Path,
        metavar="FILE",
        help="play the faults that this file names (TOML or JSON lines, see docs/exchange.md)",
    )
    shown = snippets(f"http://127.0.0.1:{DEFAULT_PORT}", DEFAULT_KEY, DEFAULT_KEY)
    parser.epilog = f"{parser.epilog}\n\n{shown}"


def snippets(url: str, key: str, secret: str) -> str:
    """How two well-known clients are pointed at the exchange."""
    ws = url.replace("http", "ws", 1)
    return SNIPPETS.format(http=url, ws=ws, key=key, secret=secret)


def run(options: Options) -> int:
    """Serve until interrupted; 0 after an orderly end."""
    check_market_options(NAME, options)
    credentials = _credentials(options)
    faults = None if options.faults is None else _faults(options.faults)

    from engine.exchange.errors import RecordingError
    from engine.runtime import loop_factory

    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(options, credentials, faults))
    except RecordingError as error:
        raise InputError(f"{NAME}: --replay {error}") from None
    return 0


async def _serve(options: Options, credentials: dict[str, str], faults: Plan | None) -> None:
    from engine.exchange.server import ExchangeServer
    from engine.runtime import prepare_to_trade

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    exchange = _exchange(options, credentials, faults)
    server = ExchangeServer(exchange)
    exchange.connected(server)
    await server.listen(options.host, options.port)
    exchange.start()
    prepare_to_trade()
    key, secret = next(iter(credentials.items()))
    print(f"Bybit v5 on {server.url}, REST and WebSockets; Ctrl+C ends it.\n")
    print(snippets(server.url, key, secret), flush=True)
    try:
        await stop.wait()
    finally:
        exchange.stop()
        await server.close()
    if exchange.faults_played:
        played = sorted(exchange.faults_played.items())
        print("faults played:", ", ".join(f"{kind} {count}" for kind, count in played))


def _exchange(options: Options, credentials: dict[str, str], faults: Plan | None) -> Exchange:
    from engine.clock import LiveClock
    from engine.exchange import create_exchange
    from engine.exchange.sources.frames import MarketSource
    from engine.exchange.sources.recorded import open_recording
    from engine.exchange.sources.synthetic import create_synthetic

    clock = LiveClock()
    seed = DEFAULT_SEED if options.seed is None else options.seed
    source: MarketSource = (
        create_synthetic(seed, clock.now_ns())
        if options.replay is None
        else open_recording(options.replay)
    )
    return create_exchange(
        clock,
        source,
        latency_ns=round(options.latency_ms * 1_000_000),
        credentials=credentials,
        seed=seed,
        max_open_orders=options.max_open_orders,
        rate_limits=options.rate_limits,
        faults=faults,
    )


def _credentials(options: Options) -> dict[str, str]:
    keys, secrets = options.api_key or [DEFAULT_KEY], options.api_secret or [DEFAULT_KEY]
    if len(keys) != len(secrets) or bool(options.api_key) != bool(options.api_secret):
        raise UsageError(f"{NAME}: each --api-key needs its --api-secret")
    if "" in (*keys, *secrets):
        raise UsageError(f"{NAME}: --api-key and --api-secret are not empty")
    if len(set(keys)) < len(keys):
        raise UsageError(f"{NAME}: --api-key: the same key is given twice")
    return dict(zip(keys, secrets, strict=True))


def _faults(file: Path) -> Plan:
    from engine.exchange.faults import FaultsError, read_plan

    try:
        return read_plan(file)
    except FaultsError as error:
        raise InputError(f"{NAME}: --faults {error}") from None
    except OSError as error:
        raise InputError(f"{NAME}: --faults {file}: {error.strerror}") from None


def _loopback(host: str) -> str:
    from engine.exchange.server import check_loopback

    try:
        check_loopback(host)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return host

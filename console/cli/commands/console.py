"""`tradedeck`: the console, trading on paper."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

from console.cli.parsing import (
    DEFAULT_SEED,
    Options,
    Parser,
    UsageError,
    add_market_options,
    add_paper_config_option,
    check_market_options,
    speed,
    whole,
)
from console.cli.settings import (
    console_options,
    installed_version,
    read_paper_config,
    state_directory,
)

if TYPE_CHECKING:
    from console.session import Clock
    from engine.embedded import EmbeddedEngine

EXAMPLES = (
    "tradedeck",
    "tradedeck --seed 42 --metrics-port 9100",
    "tradedeck --replay btcusdt.jsonl.gz ethusdt.jsonl.gz --speed 10",
)


def add_options(parser: Parser) -> None:
    """Declare the console's options."""
    add_market_options(parser)
    add_paper_config_option(parser)
    parser.add_argument(
        "--speed",
        type=speed,
        metavar="1|N|max",
        help="how fast a recording plays, in market seconds a second (default: 1)",
    )
    parser.add_argument("--account", metavar="NAME", help="the configured account to trade")
    parser.add_argument("--live", action="store_true", help="not in this version: trade for real")
    parser.add_argument(
        "--metrics-port",
        type=whole(0, 65_535),
        metavar="P",
        help="serve /health and /metrics on 127.0.0.1:P; 0 takes any free port",
    )


def run(options: Options) -> int:
    """Open the console; returns when it is left."""
    if options.live:
        raise UsageError(
            "tradedeck: --live: trading with real money is not in this version; "
            "leave it out to trade on paper"
        )
    if options.speed is not None and options.replay is None:
        raise UsageError("tradedeck: --speed is for recordings; add --replay FILE")
    check_market_options("tradedeck", options)
    config = read_paper_config(options, options.account)
    state_dir = state_directory(options)
    seed = DEFAULT_SEED if options.seed is None else options.seed

    def start() -> EmbeddedEngine:
        """Bring the engine up: imported here, because the console is drawn before it."""
        from engine.paper import start_paper

        return start_paper(
            seed=seed,
            replay=options.replay or [],
            speed=options.speed or "1",
            latency_ms=options.latency_ms,
            metrics_port=options.metrics_port,
            limits=config.accounts["paper"].risk,
            state_dir=state_dir,
            env=os.environ,
            version=installed_version(),
        )

    # What is imported now stays for good; the supervisor turns the collector on at first paint.
    gc.disable()
    screen = console_options(config.console, options.config, state_dir)

    from console.supervisor import run_console

    return run_console(start, screen, create_clock=_live_clock)


def _live_clock() -> Clock:
    from engine.clock import LiveClock

    return LiveClock()

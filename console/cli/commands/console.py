"""`tradedeck`: the console, on paper or on a configured account."""

from __future__ import annotations

import gc
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli.consent import ask_consent
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
    PAPER,
    console_options,
    installed_version,
    read_config,
    read_paper_config,
    state_directory,
)

if TYPE_CHECKING:
    from console.session import Clock
    from engine.config import Config
    from engine.hosts.embedded import EmbeddedEngine
    from engine.hosts.serving import Site

    Start = Callable[[], EmbeddedEngine]

EXAMPLES = (
    "tradedeck",
    "tradedeck --seed 42 --metrics-port 9100",
    "tradedeck --replay btcusdt.jsonl.gz ethusdt.jsonl.gz --speed 10",
    "tradedeck --config desk.toml --account desk",
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
    parser.add_argument(
        "--live", action="store_true", help="trade real money: asks for the account's name"
    )
    parser.add_argument(
        "--metrics-port",
        type=whole(0, 65_535),
        metavar="P",
        help="serve /health and /metrics on 127.0.0.1:P; 0 takes any free port",
    )


def run(options: Options) -> int:
    """Open the console; returns when it is left."""
    if options.speed is not None and options.replay is None:
        raise UsageError("tradedeck: --speed is for recordings; add --replay FILE")
    check_market_options("tradedeck", options)
    state_dir = state_directory(options)
    real = options.account not in (None, PAPER)
    if real:
        start, config = _real(options, state_dir)
    else:
        start, config = _paper(options, state_dir)

    # What is imported now stays for good; the supervisor turns the collector on at first paint.
    gc.disable()
    screen = console_options(config.console, options.config, state_dir, real=real)

    from console.supervisor import run_console

    return run_console(start, screen, create_clock=_live_clock)


def _paper(options: Options, state_dir: Path) -> tuple[Start, Config]:
    if options.live:
        raise UsageError("tradedeck: --live needs --config FILE and --account NAME")
    config = read_paper_config(options, named=options.account is not None)

    def start() -> EmbeddedEngine:
        """Bring the engine up: imported here, because the console is drawn before it."""
        from engine.hosts.paper import start_paper

        return start_paper(
            _site(options, state_dir),
            seed=DEFAULT_SEED if options.seed is None else options.seed,
            replay=options.replay or [],
            speed=options.speed or "1",
            latency_ms=options.latency_ms,
            limits=config.accounts[PAPER].risk,
        )

    return start, config


def _real(options: Options, state_dir: Path) -> tuple[Start, Config]:
    """The start of a configured account; on mainnet a person has said yes before it returns."""
    from engine.config import real_account

    for given, option in ((options.replay, "--replay"), (options.seed, "--seed")):
        if given is not None:
            raise UsageError(f"tradedeck: {option} is a market on paper; leave out --account")
    if options.config is None:
        raise UsageError("tradedeck: --account needs the --config FILE it is written in")
    config = read_config(options)
    account = real_account(config, options.account, live=options.live)
    if options.live:
        ask_consent(account.name, account.symbols, sys.stdin, sys.stdout)

    def start() -> EmbeddedEngine:
        """Bring the engine up: imported here, because the console is drawn before it."""
        from engine.hosts.live import start_live

        return start_live(_site(options, state_dir), account, seed=secrets.randbits(64))

    return start, config


def _site(options: Options, state_dir: Path) -> Site:
    from engine.hosts.serving import Site

    return Site(state_dir, os.environ, installed_version(), options.metrics_port)


def _live_clock() -> Clock:
    from engine.clock import LiveClock

    return LiveClock()

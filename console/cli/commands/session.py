"""`tradedeck session`: a script played on paper in virtual time, without a screen."""

from __future__ import annotations

import sys
from pathlib import Path

from console.cli.parsing import (
    DEFAULT_SEED,
    Options,
    Parser,
    UsageError,
    add_market_options,
    add_paper_config_option,
    check_market_options,
    seconds,
    speed,
)
from console.cli.settings import read_paper_config
from engine.errors import InputError

NAME = "tradedeck session"
DEFAULT_DURATION_S = 60.0

EXAMPLES = (
    "tradedeck session --script orders.jsonl --replay btcusdt.jsonl.gz --out results",
    "tradedeck session --script orders.jsonl --seed 7 --duration 120 --out results",
)


def add_options(parser: Parser) -> None:
    """Declare the session's options."""
    parser.add_argument(
        "--script", type=Path, required=True, metavar="FILE", help="what to do when: JSON lines"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the files go; new or empty"
    )
    add_market_options(parser)
    add_paper_config_option(parser)
    parser.add_argument(
        "--duration",
        type=seconds,
        metavar="S",
        help=f"length of the synthetic market in seconds (default: {DEFAULT_DURATION_S:g})",
    )
    parser.add_argument(
        "--speed", type=speed, default="max", metavar="max", help="a session knows no other speed"
    )


def run(options: Options) -> int:
    """Play the script; 0 when the last reconciliation passed, else 1."""
    if options.speed != "max":
        raise UsageError(f"{NAME}: --speed {options.speed}: a session runs at max only")
    if options.replay is not None and options.duration is not None:
        raise UsageError(f"{NAME}: --duration is for synthetic markets; a recording has its own")
    check_market_options(NAME, options)
    _require_empty(options.out)

    from engine.config import PAPER
    from engine.script import load_script

    config = read_paper_config(options)
    script = load_script(options.script, account=PAPER)
    duration_s = DEFAULT_DURATION_S if options.duration is None else options.duration
    if options.replay is None:
        script.check_range(duration_s)
    options.out.mkdir(parents=True, exist_ok=True)

    from engine.exchange.errors import RecordingError
    from engine.hosts.session import run_session
    from engine.summary import print_summary

    try:
        summary = run_session(
            script=script,
            out=options.out,
            replay=options.replay or [],
            seed=DEFAULT_SEED if options.seed is None else options.seed,
            duration_s=duration_s,
            latency_ms=options.latency_ms,
            config=config,
        )
    except RecordingError as error:
        raise InputError(f"{NAME}: --replay {error}") from None
    print(print_summary(summary))
    _warn_of_bad_lines(summary.market.bad_lines, summary.market.bad_line)
    return 0 if summary.passed else 1


def _warn_of_bad_lines(count: int, first: str) -> None:
    if count:
        lines = "this line was" if count == 1 else f"{count:,} such lines were"
        print(f"{NAME}: --replay {first}; {lines} left out of the market", file=sys.stderr)


def _require_empty(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(f"{NAME}: --out {out}: is not a directory")
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{NAME}: --out {out}: is not empty; choose a new directory")

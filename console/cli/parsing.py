"""Command lines read strictly: values are checked where they stand, a typo is met with a hint."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from engine.errors import InputError, did_you_mean

Options = argparse.Namespace

SEED_MAX = 2**63 - 1
DEFAULT_SEED = 7
DEFAULT_LATENCY_MS = 2.0


class UsageError(InputError):
    """A command line that cannot be understood."""


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors and hints; no abbreviations, which scripts would rely on."""

    def __init__(self, name: str, description: str, examples: Sequence[str]) -> None:
        super().__init__(
            prog=f"tradedeck {name}".strip(),
            usage=None if name else "tradedeck [OPTIONS]  |  tradedeck COMMAND [OPTIONS]",
            description=description,
            epilog="\n".join(["examples:", *(f"  {example}" for example in examples)]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.add_argument(
            "--state-dir",
            type=Path,
            metavar="DIR",
            help="keep journal, latch and sockets here (default: the XDG state directory)",
        )

    def read(self, arguments: Sequence[str]) -> Options:
        """The options. Raises UsageError."""
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            known = [word for action in self._actions for word in action.option_strings]
            word = unknown[0].partition("=")[0]
            kind = "option" if word.startswith("-") else "argument"
            self.error(f"unknown {kind} {word!r}{did_you_mean(word, known)}")
        return options

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of printing the whole usage."""
        raise UsageError(f"{self.prog}: {message} (see {self.prog} --help)")


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """A reader of whole numbers in a range, both ends included."""

    def read(text: str) -> int:
        if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 20:
            number = None
        else:
            number = int(text)
        if number is None or not lowest <= number <= highest:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {lowest} to {highest}"
            )
        return number

    return read


def seconds(text: str) -> float:
    """A duration in seconds, greater than 0."""
    return _number(text, 1e-3, 1e7, "seconds")


def milliseconds(text: str) -> float:
    """A latency in milliseconds, 0 or more."""
    return _number(text, 0.0, 60_000.0, "milliseconds")


def speed(text: str) -> str:
    """`max`, or how many market seconds pass in a second."""
    if text != "max":
        try:
            _number(text, 0.01, 100_000.0, "market seconds a second")
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentTypeError(f"{error}, or max") from None
    return text


def _number(text: str, lowest: float, highest: float, unit: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not lowest <= number <= highest:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number from {lowest:g} to {highest:g} ({unit})"
        )
    return number


def add_market_options(parser: Parser) -> None:
    """The options that choose a market; what was not given is None."""
    parser.add_argument(
        "--replay",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="trade on recorded markets, merged by time (.jsonl.gz)",
    )
    parser.add_argument(
        "--seed",
        type=whole(0, SEED_MAX),
        metavar="N",
        help=f"trade on the synthetic market of this seed (default: {DEFAULT_SEED})",
    )
    parser.add_argument(
        "--latency-ms",
        type=milliseconds,
        default=DEFAULT_LATENCY_MS,
        metavar="MS",
        help="market time from sending an order to the book (default: 2)",
    )


def add_paper_config_option(parser: Parser) -> None:
    """The configuration of an engine on paper."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration: accounts, limits, the console's looks",
    )


def check_market_options(parser_name: str, options: Options) -> None:
    """Raise UsageError for a choice of markets that excludes itself or cannot be read."""
    if options.replay is None:
        return
    if options.seed is not None:
        raise UsageError(f"{parser_name}: --replay and --seed are two markets; choose one")
    for file in options.replay:
        if not file.is_file():
            problem = "is not a file" if file.exists() else "does not exist"
            raise UsageError(f"{parser_name}: --replay {file}: {problem}")
    if len({file.resolve() for file in options.replay}) < len(options.replay):
        raise UsageError(f"{parser_name}: --replay: a file is given twice")

"""The program `tradedeck`: finds the command, runs it, and turns errors into one line and a code.

Commands are imported when they are run: the console's first picture does not wait for the others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from console.cli.parsing import Options, Parser, UsageError
from engine.errors import InputError, TradedeckError, did_you_mean

OK, FAILED, MISUSED = 0, 1, 2
INTERRUPTED = 130


class Command(Protocol):
    """What each module of `console.cli.commands` offers."""

    EXAMPLES: tuple[str, ...]

    def add_options(self, parser: Parser) -> None: ...

    def run(self, options: Options) -> int:
        """Do it; the exit code. Raises TradedeckError or OSError, whose message is for people."""
        ...


class Entry(NamedTuple):
    """A line of `tradedeck --help`; `name` is empty for what runs without a command."""

    group: str
    name: str
    module: str
    summary: str


CONSOLE = Entry(
    "Trade", "", "console", "the console: paper trading, on a synthetic or recorded market"
)
COMMANDS = (
    CONSOLE,
    Entry(
        "Trade", "session", "session", "run a script on paper without a screen, and keep its files"
    ),
    Entry(
        "Test", "exchange", "exchange", "the simulated exchange as a server that speaks Bybit v5"
    ),
    Entry("Test", "record", "record", "write a real market to a file that --replay plays"),
    Entry("Look", "status", "status", "how the running engine is: one screen of text, or JSON"),
    Entry("Look", "risk", "risk", "why an order was denied, and how near it was to every limit"),
    Entry(
        "Set up", "check-config", "check_config", "check a configuration file and show its limits"
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `tradedeck` with these arguments, by default the process's own; the exit code."""
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except InputError as error:
        return _complain(str(error), MISUSED)
    except TradedeckError as error:
        return _complain(str(error), FAILED)
    except BrokenPipeError:
        # Whoever read our output has seen enough; without this the interpreter complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"{where}{error.strerror or error}", FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: list[str]) -> int:
    state_dir = _leading_state_dir(arguments)
    if arguments[:1] == ["--version"]:
        from console.cli.settings import installed_version

        print(f"tradedeck {installed_version() or '(not installed)'}")
        return OK
    named = bool(arguments) and not arguments[0].startswith("-")
    entry = _find(arguments.pop(0)) if named else CONSOLE
    command = cast(Command, import_module(f"console.cli.commands.{entry.module}"))
    description = entry.summary if named else _overview()
    parser = Parser(entry.name, description, command.EXAMPLES)
    command.add_options(parser)
    options = parser.read(arguments)
    options.state_dir = options.state_dir or state_dir
    return command.run(options)


def _leading_state_dir(arguments: list[str]) -> Path | None:
    """Take a `--state-dir` off the front: it may stand before the command, too."""
    if arguments and arguments[0].startswith("--state-dir="):
        return Path(arguments.pop(0).partition("=")[2])
    if arguments[:1] == ["--state-dir"]:
        del arguments[0]
        if not arguments:
            raise UsageError("tradedeck: --state-dir needs a directory")
        return Path(arguments.pop(0))
    return None


def _find(name: str) -> Entry:
    found = {entry.name: entry for entry in COMMANDS if entry.name}
    if name not in found:
        hint = did_you_mean(name, found) or f"; there are {', '.join(found)}"
        raise UsageError(f"tradedeck: {name!r} is no command{hint}")
    return found[name]


def _overview() -> str:
    """Every command in its group, for `tradedeck --help`."""
    width = max(len(entry.name) for entry in COMMANDS)
    lines = ["A keyboard-driven trading console with an execution engine inside it."]
    group = ""
    for entry in COMMANDS:
        if entry.group != group:
            group = entry.group
            lines += ["", group]
        lines.append(f"  {entry.name:<{width}}  {entry.summary}")
    lines += [
        "",
        "Every command has --help with an example and exits 0 when done, 1 when it failed, 2 when",
        "it was misused. Without a command, these are the console's own options:",
    ]
    return "\n".join(lines)


def _complain(message: str, code: int) -> int:
    line = " ".join(message.split())
    print(line if line.startswith("tradedeck") else f"tradedeck: {line}", file=sys.stderr)
    return code

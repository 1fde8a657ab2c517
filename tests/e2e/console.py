"""A real `tradedeck` on a terminal of its own, and the hand that trades on it."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from engine.core.state import State, evolve
from engine.journal.reader import JournalReader
from tests.conftest import ROOT
from tests.support.terminal import PATIENCE_S, Terminal

PROGRAM = (sys.executable, "-m", "console")
REVIEW_S = 0.4
"""Longer than the console takes a second Enter for a key held down."""
TRIES = 3
DROPPED = re.compile(r" ignored: |the row just moved;|the row changed;")
"""What the console says when it did not believe a key, up to where a toast may break the line."""


class Console(Terminal):
    """One console under test, with what an operator does on it."""

    def ready(self) -> None:
        """Wait until the engine is there and has compared itself with the exchange."""
        self.wait_for("drift 0 ✓")
        self.wait_for("link ▲")

    def wait_for_row(self, words: str) -> None:
        """Wait until a line shows these words in this order, however far apart."""
        pattern = re.compile(r"\s+".join(map(re.escape, words.split())))
        self.wait_for(lambda text: pattern.search(text))

    def act(self, key: str, shows: str = "", *, hides: str = "", after_s: float = 0.2) -> None:
        """Press a key that trades, until the screen shows, or no longer shows, a text.

        A machine that stalls makes a key look old or pasted and a row look as if it had moved; the
        console then drops the key and says so, and whoever pressed it presses again once that has
        gone from the screen. A key that is only slow to show is waited for: pressed twice it would
        mean something else the second time. `after_s` is long enough not to look pasted after
        typing.
        """

        def obeyed(screen: str) -> bool:
            return shows in screen if shows else hides not in screen

        for _ in range(TRIES):
            self.press(key, after_s=after_s)
            if obeyed(self.wait_for(lambda screen: obeyed(screen) or DROPPED.search(screen))):
                return
            self.wait_for(DROPPED.search, gone=True)
        self.wait_for(obeyed)

    def ticket(self, side: str, *, qty: str = "", price: str = "", market: bool = False) -> None:
        """Open a ticket, `b` or `s`, and fill it in; without a price it is the touch."""
        self.act(side, "Quantity")
        if qty:
            self.press("ctrl+u", qty)
        if market:
            self.press("shift+tab", "m", "tab")
        if price:
            self.press("tab", "ctrl+u", price)

    def send(self) -> None:
        """Enter to see the order, Enter to send it."""
        self.act("enter", "Enter sends, Esc leaves")
        self.act("enter", hides="Esc leaves", after_s=REVIEW_S)

    def order(self, side: str, *, qty: str = "", price: str = "", market: bool = False) -> None:
        """A whole order, from the key to its sending."""
        self.ticket(side, qty=qty, price=price, market=market)
        self.send()

    def quit(self) -> int:
        """Leave with the orders as they are; the exit code."""
        self.press("q")
        if "open 0" not in self.text:
            self.wait_for("leave them as they are")
            self.press("k")
        return self.wait()


@contextmanager
def console(
    state_dir: Path,
    *options: str | Path,
    size: tuple[int, int] = (120, 40),
    env: dict[str, str] | None = None,
) -> Iterator[Console]:
    """Start a console; it is ready when this yields."""
    with open_console(state_dir, *options, size=size, env=env) as terminal:
        terminal.ready()
        yield terminal


def open_console(
    state_dir: Path,
    *options: str | Path,
    size: tuple[int, int] = (120, 40),
    env: dict[str, str] | None = None,
) -> Console:
    """Start a console and do not wait for it."""
    command = (*PROGRAM, "--state-dir", state_dir, *options)
    return Console(command, size=size, env=environment() | (env or {}), cwd=ROOT)


def environment() -> dict[str, str]:
    """What the program inherits: no settings of the machine that change what it shows."""
    return os.environ | {"PYTHONUTF8": "1", "PYTHONWARNINGS": "error"}


def run(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of the program that needs no terminal, to its end."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=environment(),
        cwd=ROOT,
        check=False,
    )


def recovered(state_dir: Path) -> State:
    """Verify the journal under `state_dir` and fold it: what the next engine will know."""
    (path,) = state_dir.glob("*/journal.db")
    state = State()
    with closing(JournalReader(path)) as reader:
        assert reader.verify() is None
        for _, event in reader.replay():
            evolve(state, event)
    return state


def kinds(state_dir: Path) -> Sequence[str]:
    """The kinds of all events under `state_dir`, as any SQL tool shows them."""
    (path,) = state_dir.glob("*/journal.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return [kind for (kind,) in connection.execute("SELECT kind FROM events ORDER BY seq")]

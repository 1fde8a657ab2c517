"""A program for a terminal: the whole console on a link that is fed; writes JSON to a file.

    python -m tests.bench.console_run OUT SNAPSHOT ORDERS EVENTS_PER_S BUSY_S IDLE_S

After a while: events at the rate asked for, with CPU and memory taken at the end; then a link on
which nothing changes; then events again, for whoever presses keys. The state with its orders
comes from the file SNAPSHOT.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path

from console.app import ConsoleApp
from console.keymap import read_keymap
from console.options import Options
from console.session import Session
from engine.clock import LiveClock
from engine.core.commands import Command
from engine.core.events import Event
from engine.core.status import LinkUpdate
from engine.core.types import KillLevel
from engine.runtime import prepare_to_trade
from tests.bench.orders import MARKETS, NS, fill, last_seq, new_order, numbered
from tests.console.fakes import MARKS, NOW, book, quote, status

WARM_UP_S = 3.0
OPEN = 1_000
"""So many of the newest orders are open at least."""
NEW_ORDER_EVERY = 10
"""Of so many things that happen one is a new order with its ack; the others are fills."""


def _nowhere() -> None:
    """Where a part begins quietly."""


class Feed:
    """An `EngineLink` that plays a script by the clock and notes when keys reach it."""

    def __init__(
        self, snapshot: bytes, orders: int, rate: int, busy_s: float, idle_s: float
    ) -> None:
        self.leave: Callable[[], None] = _nowhere
        self.keys_s: dict[str, list[float]] = {"command": [], "kill": []}
        self.result: dict[str, float] = {}
        self._rate = rate
        self._parts: Iterator[tuple[float, Callable[[], None], bool]] = iter(
            (
                (WARM_UP_S, _nowhere, False),
                (busy_s, self._begin, True),
                (idle_s, self._sum_up, False),
                (busy_s, self._note_keys, True),
                (1.0, _nowhere, False),
            )
        )
        self._busy = False
        self._until_s = 0.0
        self._fed_s = 0.0
        self._seq = last_seq(snapshot)
        self._first = LinkUpdate(snapshot=snapshot, snapshot_seq=self._seq)
        self._events = _events(orders)
        self._fed = 0
        self._began = (0.0, 0.0)
        self._now_ns = NOW
        self._watched: frozenset[str] = frozenset()

    def poll(self) -> LinkUpdate:
        """What is due now: a status always; events, quotes and books while it is busy."""
        now_s = time.monotonic()
        update, self._first = self._first, LinkUpdate()
        if update.snapshot is not None:
            update.quotes = {market.symbol: quote(market) for market in MARKETS}
            self._until_s = now_s
        if now_s >= self._until_s:
            length_s, begin, self._busy = next(self._parts, (3600.0, self.leave, False))
            begin()
            self._fed_s, self._until_s = now_s, now_s + length_s
        if self._busy:
            self._feed(update, now_s)
        update.status = status(ts=self._now_ns)
        return update

    def _feed(self, update: LinkUpdate, now_s: float) -> None:
        due = round((now_s - self._fed_s) * self._rate)
        self._fed_s = now_s
        events = list(islice(self._events, due))
        update.events = numbered(events, self._seq)
        self._seq += due
        self._fed += due
        self._now_ns = NOW + self._fed * NS // self._rate
        for market in MARKETS:
            moved = quote(market)
            moved.mark = moved.last = MARKS[market.symbol] + due % 7 * market.tick_size
            update.quotes[market.symbol] = moved
            if market.symbol in self._watched:
                update.books[market.symbol] = book(market, depth=25 + due % 2)

    def _begin(self) -> None:
        self._began = time.monotonic(), time.process_time()

    def _sum_up(self) -> None:
        took_s = time.monotonic() - self._began[0]
        self.result |= {
            "cpu_percent": (time.process_time() - self._began[1]) / took_s * 100,
            "rss_mb": _resident_mb(),
            "events_per_s": self._fed / took_s,
            "idle_from_s": time.monotonic(),
        }

    def _note_keys(self) -> None:
        self.result["keys_from_s"] = time.monotonic()

    def submit(self, command: Command) -> None:
        """A key got through to the engine's door."""
        self.keys_s["command"].append(time.monotonic())

    def kill(self, level: KillLevel, by: str = "operator", reason: str = "") -> None:
        """The kill key did."""
        self.keys_s["kill"].append(time.monotonic())

    def watch(self, symbols: frozenset[str]) -> None:
        """These books are shown."""
        self._watched = symbols

    def pause_replay(self, paused: bool) -> None:
        """There is no recording."""


def _events(orders: int) -> Iterator[Event]:
    """New orders and fills of those that are open, without end."""
    for number in count():
        ts = NOW + number * 2_000_000
        if number % NEW_ORDER_EVERY == 0:
            yield from new_order(orders, ts)
            orders += 1
        else:
            # Half of the fills are of the newest orders, which are on screen.
            chosen = orders - 1 - (number % 40 if number % 2 else number * 7919 % OPEN)
            yield fill(f"c-{chosen:06}", ts)


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run the console in the terminal at hand, until the feed leaves it."""
    out, snapshot, orders, rate, busy_s, idle_s = sys.argv[1:]
    feed = Feed(Path(snapshot).read_bytes(), int(orders), int(rate), float(busy_s), float(idle_s))
    session = Session(feed, LiveClock(), Options(hz=10.0), read_keymap({}))
    app = ConsoleApp(session)
    feed.leave = partial(app.leave, "leave")
    app.on_first_paint = prepare_to_trade  # the interpreter as an engine beside it has it
    app.run()
    Path(out).write_text(json.dumps({"figures": feed.result, "keys_s": feed.keys_s}))


if __name__ == "__main__":
    main()

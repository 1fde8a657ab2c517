"""Paper engines in threads of their own, and patience for what they do in real time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.replica import Replica
from engine.core.limits import PAPER_LIMITS
from engine.core.orders.machine import Order
from engine.hosts.embedded import EmbeddedEngine
from engine.hosts.paper import PaperHost
from engine.hosts.serving import Site

PATIENCE_S = 20.0


def paper_host(folder: Path, kind: type[PaperHost] = PaperHost, **options: Any) -> PaperHost:
    """A host that keeps everything below `folder`."""
    given: dict[str, Any] = {
        "seed": 7,
        "replay": [],
        "speed": "1",
        "latency_ms": 2.0,
        "limits": PAPER_LIMITS,
        **options,
    }
    return kind(Site(folder / "state", {"XDG_RUNTIME_DIR": str(folder)}, "1.0"), **given)


def until(reached: Callable[[], object]) -> None:
    """Wait in real time until something holds; fail when it takes too long."""
    waiting = threading.Event()
    for _ in range(round(PATIENCE_S / 0.005)):
        if reached():
            return
        waiting.wait(0.005)
    raise AssertionError("it did not happen")


class Screen:
    """What a console sees of an engine, without the screen."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self.engine, self.link = engine, engine.link
        self.replica = Replica()

    def sees(self, reached: Callable[[Replica], object]) -> None:
        """Fold what comes until something holds."""

        def look() -> object:
            self.replica.apply(self.link.poll(), 0)
            return reached(self.replica)

        until(look)

    def order(self, order_id: str) -> Order:
        order = self.replica.order(order_id)
        assert order is not None
        return order


def is_ready(replica: Replica) -> bool:
    """True once the engine says that it lets new orders out."""
    return replica.status is not None and replica.status.ready

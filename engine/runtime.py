"""The interpreter and its event loop, as a process that trades wants them."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

SWITCH_INTERVAL_S = 0.0001
"""How long a thread may keep another from running Python: the latch's waits for the loop's."""
COLLECT_AFTER = (500, 1, 300)
"""When to look for garbage in cycles, of which an order makes none: what it leaves is kept, and by
Python's own pace (700, 10, 10) would be looked through again and again. Twice is enough, in so few
objects at a time that no order waits for it longer than a quarter of a millisecond. All of it is
looked through when 300,000 objects more than before are there: what lost connections and failures
left is bounded by that; it takes 10 ms where 10,000 orders are remembered."""


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes an event loop: uvloop's where it is installed, else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def prepare_to_trade() -> None:
    """Make pauses short. Call it once everything that stays is built and imported.

    What exists by now is kept out of every later garbage collection, collections are rarer, and
    threads take turns more often than the 5 ms that Python allows them by itself.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def own_program(module: str) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment that run `module` of this very installation.

    Whatever lies in the working directory: a trader's own folder `engine`, say.
    """
    root = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return [sys.executable, "-P", "-m", module], {**os.environ, "PYTHONPATH": path}

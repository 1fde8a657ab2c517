"""A program: writes a journal, then times how its state comes back; prints one line of JSON.

    python -m tests.bench.restart_run FOLDER all EVENTS
    python -m tests.bench.restart_run FOLDER open ORDERS TAIL

`all` is a life of filled orders without a snapshot, `open` a snapshot of open orders and events
behind it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import batched, chain
from pathlib import Path

from engine.clock import LiveClock
from engine.core.events import Event
from engine.journal import create_journal, open_for_reading
from engine.recovery import recover, take_snapshot
from tests.bench.order_core import acknowledged, filled, submitted

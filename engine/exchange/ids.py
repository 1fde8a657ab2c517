"""Identifiers in the venue's spellings, all drawn from one seed."""

from __future__ import annotations

import random

SPOT_ID_ORIGIN = 1_600_000_000_000_000_000
SPOT_ID_STEP = 256  # a spot order without a link id gets the order id plus one as its link


class Ids:
    """The exchange's supply of ids: the same seed and run give the same ids in the same order.

    `run` counts the starts of one simulated exchange, so that a restarted one does not hand out
    the ids of its earlier life again.
    """

    def __init__(self, seed: int, run: int) -> None:
        self._random = random.Random(f"ids/{seed}/{run}")
        self._spot = SPOT_ID_ORIGIN + self._random.getrandbits(50) * SPOT_ID_STEP
        head = f"{self._random.getrandbits(80):020x}"
        self._uuid_head = f"{head[:8]}-{head[8:12]}-{head[12:16]}-{head[16:20]}-"
        self._uuid_tail = self._random.getrandbits(40)
        self._trace_head, self._traces = head, 0

    def uuid(self) -> str:
        """A UUID-shaped id: derivative orders and executions. The tail counts up."""
        self._uuid_tail += 1
        return f"{self._uuid_head}{self._uuid_tail:012x}"

    def trace(self) -> str:
        """A new trace id, which the venue gives every answer."""
        self._traces += 1
        return f"{self._trace_head}{self._traces:012x}"

    def order_id(self, category: str) -> str:
        """A new order id: decimal digits on spot, UUID-shaped elsewhere."""
        if category != "spot":
            return self.uuid()
        self._spot += SPOT_ID_STEP
        return str(self._spot)

    def connection_id(self) -> str:
        """A new WebSocket connection id."""
        return f"{self._random.getrandbits(80):020x}-{self._random.getrandbits(8):x}"

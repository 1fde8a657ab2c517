"""The halt gate: once it is closed, nothing that can add exposure leaves this host."""

from __future__ import annotations

from engine.clock import Clock
from engine.core.requests import AmendRequest, OrderRequest


class HaltGate:
    """Open or closed, from one instruction to the next, for any thread.

    The router asks it immediately before every attempt, with nothing in between that could wait.
    Cancels and queries are not asked about. Plain attributes, each written whole: closing needs
    no lock, no loop and no memory, so it works when nothing else does.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._flatten_ids: frozenset[str] = frozenset()
        self.closed = False
        self.closed_by = ""
        self.closed_at_ns = 0

    def close(self, by: str) -> None:
        """Close it. The first closing keeps its time and name; closing again changes nothing."""
        if self.closed:
            return
        self.closed_at_ns = self._clock.now_ns()
        self.closed_by = by
        self.closed = True

    def open(self) -> None:
        """Open it and take back every allowance."""
        self._flatten_ids = frozenset()
        self.closed = False
        self.closed_by = ""
        self.closed_at_ns = 0

    def allow_reduce(self, *client_order_ids: str) -> None:
        """Let these reduce-only orders of a confirmed flatten through a closed gate."""
        self._flatten_ids = self._flatten_ids.union(client_order_ids)

    def lets_pass(self, request: OrderRequest | AmendRequest) -> bool:
        """True when the request may leave now. An amend may raise exposure, so it waits outside."""
        if not self.closed:
            return True
        return (
            isinstance(request, OrderRequest)
            and request.reduce_only
            and request.client_order_id in self._flatten_ids
        )

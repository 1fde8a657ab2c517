"""Which cancels the venue's own cancel-all may stand for.

Cancel-all takes orders of anybody, so it is asked for only where every open order that it would
take is to be cancelled: an order of another program, or a stop that its level spares, keeps its
market out. That much must be known: until the account has been compared, each cancel goes by
itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.core.orders.machine import Order
from engine.core.requests import CancelRequest, MassCancelRequest
from engine.core.state import State
from engine.core.types import Category

FEWEST = 2
"""Cancels that cancel-all is worth; one is as fast by itself, and surer."""


class CancelPlan(NamedTuple):
    """Cancels in as few requests as they can go; each order is in one of the two."""

    mass: tuple[MassCancelRequest, ...]
    single: tuple[CancelRequest, ...]


class _Scope(NamedTuple):
    """What one cancel-all can take: spot has no settle coin."""

    category: Category
    settle: str
    conditional: bool


class _Found:
    """Open orders of one scope: those to cancel by symbol, and the symbols of those to spare."""

    def __init__(self) -> None:
        self.wanted: dict[str, list[str]] = {}
        self.spared: set[str] = set()


def plan_cancels(state: State, requests: Sequence[CancelRequest]) -> CancelPlan:
    """Return how to send these cancels, which were decided together."""
    wanted = {request.client_order_id: request for request in requests}
    if len(wanted) < FEWEST or not state.ready:
        return CancelPlan((), tuple(wanted.values()))
    scopes: dict[_Scope, _Found] = {}
    unplaced = False
    for order in state.orders.open_orders():
        scope = _scope(state, order)
        if scope is None:
            unplaced = unplaced or order.client_order_id not in wanted
            continue
        found = scopes.setdefault(scope, _Found())
        if order.client_order_id in wanted:
            found.wanted.setdefault(order.symbol, []).append(order.client_order_id)
        elif not order.pending_cancel:
            found.spared.add(order.symbol)
    mass = [request for scope, found in scopes.items() for request in _mass(scope, found, unplaced)]
    for request in mass:
        for order_id in request.client_order_ids:
            del wanted[order_id]
    return CancelPlan(tuple(mass), tuple(wanted.values()))


def _mass(scope: _Scope, found: _Found, unplaced: bool) -> list[MassCancelRequest]:
    """One request for all markets of a scope, or one a market."""
    if len(found.wanted) > 1 and not found.spared and not unplaced:
        everything = [order_id for order_ids in found.wanted.values() for order_id in order_ids]
        return [_request(scope, "", everything)]
    return [
        _request(scope, symbol, order_ids)
        for symbol, order_ids in found.wanted.items()
        if symbol not in found.spared and len(order_ids) >= FEWEST
    ]


def _request(scope: _Scope, symbol: str, order_ids: list[str]) -> MassCancelRequest:
    return MassCancelRequest(
        category=scope.category,
        symbol=symbol,
        settle=scope.settle,
        conditional=scope.conditional,
        client_order_ids=tuple(order_ids),
    )


def _scope(state: State, order: Order) -> _Scope | None:
    """Where an order belongs; None for a market that the venue has not listed."""
    instrument = state.instruments.get(order.symbol)
    if instrument is None:
        return None
    spot = instrument.category is Category.SPOT
    return _Scope(instrument.category, "" if spot else instrument.settle, order.is_waiting)

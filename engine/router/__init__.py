"""The one way out: every order byte that leaves this host passes the router."""

from __future__ import annotations

from engine.router.breaker import Breaker, create_breakers
from engine.router.gate import HaltGate
from engine.router.lanes import Lane
from engine.router.router import OrderRouter
from engine.router.stats import RouteMetrics

__all__ = ["Breaker", "HaltGate", "Lane", "OrderRouter", "RouteMetrics", "create_breakers"]

"""Bybit v5 behind the engine's ExchangeClient protocol."""

from __future__ import annotations

from engine.venues.bybit.client import BybitClient, create_bybit_client

__all__ = ["BybitClient", "create_bybit_client"]

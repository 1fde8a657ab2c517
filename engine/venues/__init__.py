"""Venues: one package each, behind the `ExchangeClient` protocol."""

"""Counters, gauges and histograms of prometheus_client, with their members bound once and kept.

The library's `labels()` checks, converts and locks on every call; a member that is kept costs one
dictionary access. Label values must come from bounded sets. One thread counts; any may export.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

Labels = tuple[str, ...]

_M = TypeVar("_M", bound=MetricWrapperBase)


class _Members(dict[Labels, _M]):
    """The members of a family by their label values, each begun when it is first asked for."""

    def __init__(self, family: _M) -> None:
        super().__init__()
        self._family = family

    def __missing__(self, labels: Labels) -> _M:
        member = self._family.labels(*labels) if labels else self._family
        self[labels] = member
        return member


class Counter:
    """A number that only grows; its name ends in `_total`."""

    def __init__(self, name: str, text: str, labels: Labels, registry: CollectorRegistry) -> None:
        self._members = _Members(prometheus_client.Counter(name, text, labels, registry=registry))

    def inc(self, *labels: str, by: float = 1) -> None:
        """Count `by` more. Raises ValueError when there are more or fewer values than labels."""
        self._members[labels].inc(by)


class Gauge:
    """A number that goes up and down; NaN where it is not known."""

    def __init__(self, name: str, text: str, labels: Labels, registry: CollectorRegistry) -> None:
        self._members = _Members(prometheus_client.Gauge(name, text, labels, registry=registry))

    def set(self, value: Decimal | float, *labels: str) -> None:
        """Replace the number. Raises ValueError when there are more or fewer values than labels."""
        self._members[labels].set(float(value))


class Histogram:
    """How often values fell into buckets; a bucket includes its bound."""

    def __init__(
        self,
        name: str,
        text: str,
        labels: Labels,
        registry: CollectorRegistry,
        *,
        buckets: tuple[float, ...],
    ) -> None:
        self._members = _Members(
            prometheus_client.Histogram(name, text, labels, registry=registry, buckets=buckets)
        )

    def observe(self, value: float, *labels: str) -> None:
        """Add one value. Raises ValueError when there are more or fewer values than labels."""
        self._members[labels].observe(value)

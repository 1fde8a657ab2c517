"""Counters, gauges and histograms that cost little to count and little to write out.

prometheus_client's values lock and its samples are built anew for each export: a hundred members
take 15 ms of a loop that has other things to do. Here a member is plain numbers beside the text of
its lines up to them. For everybody else the families are collectors of the library's registry.

Label values must come from bounded sets. One thread counts; any may export.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from itertools import accumulate
from typing import Any, Generic, TypeVar

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.utils import floatToGoString

from engine.clock import NS, Clock, LiveClock

Labels = tuple[str, ...]
Line = tuple[str, float]
"""A sample: its name and labels as they are written, and its value."""


class Registry(CollectorRegistry):
    """The library's registry, of families alone; `clock` tells when their members begin."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock = clock or LiveClock()
        self.families: list[_Family[Any]] = []

    def add(self, family: _Family[Any]) -> None:
        """Take in a family. Raises ValueError when there is one of its name already."""
        self.register(family)
        self.families.append(family)


class _Number:
    """One value, since `began` (unix seconds)."""

    __slots__ = ("_line", "began", "value")

    def __init__(self, line: Callable[..., str], began: Line) -> None:
        self._line = line()
        self.began = began
        self.value = 0.0

    def lines(self) -> Iterator[Line]:
        yield self._line, self.value


class _Buckets:
    """How many values fell into each bucket, and their sum, since `began` (unix seconds)."""

    __slots__ = ("_bounds", "_count_line", "_lines", "_sum_line", "began", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...], line: Callable[..., str], began: Line) -> None:
        self._bounds = bounds
        self._lines = [line("_bucket", le=_written(bound)) for bound in (*bounds, math.inf)]
        self._count_line, self._sum_line = line("_count"), line("_sum")
        self.began = began
        self.counts = [0] * len(self._lines)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def lines(self) -> Iterator[Line]:
        counts = list(accumulate(self.counts))
        yield from zip(self._lines, counts, strict=True)
        yield self._count_line, counts[-1]
        yield self._sum_line, self.sum


_M = TypeVar("_M", bound=_Number | _Buckets)


class _Members(dict[Labels, _M]):
    """The members of a family by their label values, each begun when it is first asked for."""

    def __init__(self, begin: Callable[[Labels], _M]) -> None:
        super().__init__()
        self._begin = begin

    def __missing__(self, labels: Labels) -> _M:
        self[labels] = member = self._begin(labels)
        return member


class _Family(Generic[_M]):
    """A name, a help text, and members in the order of their label values."""

    def __init__(
        self,
        kind: str,
        name: str,
        text: str,
        labels: Labels,
        registry: Registry,
        member: Callable[[Callable[..., str], Line], _M],
    ) -> None:
        self.name = name
        self._kind = kind
        self._text = _escaped(text, quotes=False)
        self._labels = labels
        self._clock = registry.clock
        self._member = member
        self._members = _Members(self._begin)
        if not labels:
            self._members[()] = self._begin(())
        registry.add(self)

    def write(self, *, created: bool) -> Iterator[str]:
        """Yield the family in Prometheus' text format, line by line."""
        members = [member for _, member in sorted(self._members.items())]
        yield self._head(self.name, self._kind)
        for member in members:
            for line, value in member.lines():
                yield f"{line} {_written(value)}\n"
        if created and members and self._kind != "gauge":
            yield self._head(self._stem + "_created", "gauge")
            for line, value in (member.began for member in members):
                yield f"{line} {_written(value)}\n"

    def describe(self) -> list[Metric]:
        """The family without members: by it the library refuses a name that is taken."""
        return [Metric(self._stem, self._text, self._kind)]

    def collect(self) -> Iterable[Metric]:
        """The family as the library's own exporters want it."""
        return text_string_to_metric_families("".join(self.write(created=True)))

    @property
    def _stem(self) -> str:
        return self.name.removesuffix("_total") if self._kind == "counter" else self.name

    def _head(self, name: str, kind: str) -> str:
        return f"# HELP {name} {self._text}\n# TYPE {name} {kind}\n"

    def _begin(self, values: Labels) -> _M:
        if len(values) != len(self._labels):
            raise ValueError(f"{self.name}: {values} are not values of its labels {self._labels}")

        def line(suffix: str | None = None, **more: str) -> str:
            name = self.name if suffix is None else self._stem + suffix
            labels = sorted([*zip(self._labels, values, strict=True), *more.items()])
            inner = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
            return f"{name}{{{inner}}}" if inner else name

        return self._member(line, (line("_created"), self._clock.now_ns() / NS))


class Counter(_Family[_Number]):
    """A number that only grows; its name ends in `_total`."""

    def __init__(self, name: str, text: str, labels: Labels, registry: Registry) -> None:
        super().__init__("counter", name, text, labels, registry, _Number)

    def inc(self, *labels: str, by: float = 1) -> None:
        """Count `by` more. Raises ValueError when there are more or fewer values than labels."""
        self._members[labels].value += by


class Gauge(_Family[_Number]):
    """A number that goes up and down; NaN where it is not known."""

    def __init__(self, name: str, text: str, labels: Labels, registry: Registry) -> None:
        super().__init__("gauge", name, text, labels, registry, _Number)

    def set(self, value: Decimal | float, *labels: str) -> None:
        """Replace the number. Raises ValueError when there are more or fewer values than labels."""
        self._members[labels].value = float(value)


class Histogram(_Family[_Buckets]):
    """How often values fell into buckets; a bucket includes its bound."""

    def __init__(
        self,
        name: str,
        text: str,
        labels: Labels,
        registry: Registry,
        *,
        buckets: tuple[float, ...],
    ) -> None:
        super().__init__("histogram", name, text, labels, registry, partial(_Buckets, buckets))

    def observe(self, value: float, *labels: str) -> None:
        """Add one value. Raises ValueError when there are more or fewer values than labels."""
        self._members[labels].observe(value)


def _escaped(text: str, *, quotes: bool = True) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quotes else text


def _written(value: float) -> str:
    if -1e6 < value < 1e6:  # most values; there the library writes what Python does
        return repr(float(value))
    text: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return text

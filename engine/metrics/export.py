"""A registry in Prometheus' text format, in an order that depends on nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.samples import Sample


def export_text(
    registry: CollectorRegistry, *, created: bool = True, without: Collection[str] = ()
) -> str:
    """Return every family but those named in `without`; safe in any thread.

    Families come as they were registered, their members in the order of their label values.
    `created` keeps the samples that say when a member began.
    """
    return generate_latest(_View(registry, created, without)).decode()


class _View:
    """What an export shows of a registry."""

    def __init__(
        self, registry: CollectorRegistry, created: bool, without: Collection[str]
    ) -> None:
        self._registry = registry
        self._created = created
        self._without = without

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            if family.name not in self._without:
                began = f"{family.name}_created"
                shown = Metric(family.name, family.documentation, family.type)
                shown.samples = sorted(
                    (kept for kept in family.samples if self._created or kept.name != began),
                    key=_member,
                )
                yield shown


def _member(sample: Sample) -> list[str]:
    """Return whose sample it is; the order of one member's own samples stays as it is."""
    return [value for name, value in sample.labels.items() if name != "le"]

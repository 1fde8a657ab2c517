"""A registry in Prometheus' text format, in an order that depends on nothing."""

from __future__ import annotations

from collections.abc import Collection

from engine.metrics.families import Registry


def export_text(registry: Registry, *, created: bool = True, without: Collection[str] = ()) -> str:
    """Return every family but those named in `without`; safe in any thread.

    Families come as they were registered, their members in the order of their label values.
    `created` keeps the samples that say when a member began.
    """
    return "".join(
        line
        for family in registry.families
        if family.name not in without
        for line in family.write(created=created)
    )

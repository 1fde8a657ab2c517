"""What an engine learns of its venue after it began on its journal alone."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.context import Context
from engine.core.events import InstrumentsChanged, KeyNoted
from engine.core.reports import InstrumentsReport, KeyReport
from engine.core.state import State


def decide_instruments(
    state: State, report: InstrumentsReport, context: Context
) -> Iterator[InstrumentsChanged]:
    """Take the venue's list of markets where it differs from the one that is known."""
    if report.instruments != tuple(state.instruments.values()):
        yield InstrumentsChanged(ts=context.now_ns, instruments=report.instruments)


def decide_key(_state: State, report: KeyReport, context: Context) -> Iterator[KeyNoted]:
    """Put down what is not as it should be with the key that is traded with."""
    if report.warnings:
        yield KeyNoted(ts=context.now_ns, warnings=report.warnings)

"""Markets and key, as an engine hears of them that began without its venue."""

from __future__ import annotations

import msgspec

from engine.core.events import InstrumentsChanged, KeyNoted
from engine.core.reports import InstrumentsReport, KeyReport
from tests.support.desk import Desk


def test_markets_that_are_known_are_no_event_and_those_that_differ_are() -> None:
    desk = Desk()
    known = tuple(desk.state.instruments.values())
    assert desk.give(InstrumentsReport(instruments=known)) == []
    changed = (msgspec.structs.replace(known[0], trading=False), *known[1:])
    (event,) = desk.give(InstrumentsReport(instruments=changed))
    assert event == InstrumentsChanged(ts=desk.now_ns, instruments=changed)
    assert not desk.state.instruments[known[0].symbol].trading


def test_a_key_is_an_event_only_where_something_speaks_against_it() -> None:
    desk = Desk()
    assert desk.give(KeyReport(warnings=())) == []
    before = desk.state.encode()
    (event,) = desk.give(KeyReport(warnings=("bind it",)))
    assert event == KeyNoted(ts=desk.now_ns, warnings=("bind it",))
    desk.state.seq -= 1
    assert desk.state.encode() == before, "it changes nothing"

"""The link before the engine: stops wait for it, orders do not."""

from __future__ import annotations

import pytest

from console.pending import NotStarted, PendingLink
from engine.core.commands import Reconcile
from engine.core.types import KillLevel
from tests.console.fakes import FakeLink


def test_before_the_engine_there_is_no_news() -> None:
    link = PendingLink()
    assert not link.attached
    assert not link.poll()
    link.pause_replay(True)


def test_an_order_before_the_engine_is_refused_and_never_sent_later() -> None:
    link, engine = PendingLink(), FakeLink()
    with pytest.raises(NotStarted, match="still starting"):
        link.submit(Reconcile(command_id="c"))
    link.attach(engine)
    assert engine.commands == []


def test_a_kill_before_the_engine_is_the_first_thing_it_hears() -> None:
    link, engine = PendingLink(), FakeLink()
    link.kill(KillLevel.HALT, "me", "early")
    link.kill(KillLevel.KILL, "me", "early")
    link.attach(engine)
    assert engine.kills == [(KillLevel.HALT, "me", "early"), (KillLevel.KILL, "me", "early")]


def test_the_watched_symbols_are_handed_over() -> None:
    link, engine = PendingLink(), FakeLink()
    link.watch(frozenset({"BTCUSDT"}))
    link.attach(engine)
    assert engine.watched == {"BTCUSDT"}


def test_an_attached_link_passes_everything_on() -> None:
    link, engine = PendingLink(), FakeLink(respond=False)
    link.attach(engine)
    link.submit(Reconcile(command_id="c"))
    link.kill(KillLevel.KILL)
    link.watch(frozenset({"ETHUSDT"}))
    link.pause_replay(True)
    assert link.attached
    assert engine.commands == [Reconcile(command_id="c")]
    assert engine.kills == [(KillLevel.KILL, "operator", "")]
    assert engine.watched == {"ETHUSDT"}
    assert engine.paused is True
    assert set(link.poll().books) == {"ETHUSDT"}

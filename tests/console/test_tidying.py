"""What went from the screen is collected once, when no key was pressed for a while."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from textual._styles_cache import StylesCache

from console.app import TOAST_S
from console.tidying import PAUSE_S, Tidying
from tests.console.driving import Console


class Collector:
    """Counts collections."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self) -> None:
        self.runs += 1


@pytest.fixture
def collector() -> Collector:
    return Collector()


@pytest.fixture
def tidying(collector: Collector) -> Tidying:
    return Tidying(collector)


def test_where_nothing_went_nothing_is_collected(tidying: Tidying, collector: Collector) -> None:
    tidying.used(100)
    tidying.look(200)
    assert collector.runs == 0


def test_what_went_is_collected_once(tidying: Tidying, collector: Collector) -> None:
    tidying.goes(100)
    tidying.goes(100.5)
    tidying.look(100.5 + PAUSE_S)
    assert collector.runs == 1
    tidying.look(200)
    assert collector.runs == 1


def test_it_has_a_moment_to_go(tidying: Tidying, collector: Collector) -> None:
    tidying.goes(100)
    tidying.look(99.9 + PAUSE_S)
    assert collector.runs == 0
    tidying.look(100 + PAUSE_S)
    assert collector.runs == 1


def test_nobody_waits_for_it_while_they_type(tidying: Tidying, collector: Collector) -> None:
    tidying.goes(100)
    for pressed_s in (100, 101, 101.5, 102.4):
        tidying.used(pressed_s)
        tidying.look(pressed_s + PAUSE_S - 0.1)
    assert collector.runs == 0
    tidying.look(102.4 + PAUSE_S)
    assert collector.runs == 1


def test_what_goes_later_is_collected_later(tidying: Tidying, collector: Collector) -> None:
    tidying.goes(100)
    tidying.goes(105)
    tidying.look(102)
    assert collector.runs == 1
    tidying.look(105)
    assert collector.runs == 1
    tidying.look(105 + PAUSE_S)
    assert collector.runs == 2


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Nothing in a cycle is freed but by whoever asks for it."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("key", ["b", "question_mark", "ctrl+p", "q"])
def test_a_sheet_that_was_left_is_freed_in_a_pause(no_collector: None, key: str) -> None:
    async def play(c: Console) -> None:
        await c.press(key)
        sheet = weakref.ref(c.app.screen)
        await c.press("escape")
        await c.pilot.pause()  # the palette's search takes a moment to end
        assert c.sheet == "MainScreen"
        c.wait(PAUSE_S - 0.1)
        await c.frame()
        assert sheet() is not None
        c.wait(0.1)
        await c.frame()
        assert sheet() is None
        assert StylesCache.get_inner_outer.cache_info().currsize == 0

    Console().run(play)


def test_a_toast_is_freed_when_it_has_gone(no_collector: None) -> None:
    collector = Collector()

    async def play(c: Console) -> None:
        c.app._tidying = Tidying(collector)
        c.app.say("SAFE")
        c.wait(TOAST_S + PAUSE_S - 0.1)
        await c.frame()
        assert collector.runs == 0
        c.wait(0.1)
        await c.frame()
        assert collector.runs == 1

    Console().run(play)

"""Draws screenshots/*.svg: the real engine plays, the real console shows it. `make screenshots`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from textual import events
from textual.keys import key_to_character
from textual.pilot import Pilot

from console.app import ConsoleApp
from console.ids import Ids
from console.keymap import read_keymap
from console.options import Options
from console.session import Session
from engine.clock import NS, SimClock
from screenshots.film import FRAMES_PER_S, Film, FilmLink, film_recording, film_synthetic

HERE = Path(__file__).resolve().parent
RECORDING = HERE.parents[1] / "shared" / "data" / "btcusdt-perp-2024-08-09.jsonl.gz"
SECONDS = 70.0
"""When the pictures are taken, in market time."""
STILL_HZ = 0.001
"""The app draws when it is told to, not by itself."""


class Scene(NamedTuple):
    """One picture: its size, what is played, and the keys pressed when it has played.

    `film` names a script beside this file, `then` is one more line of it.
    """

    name: str
    size: tuple[int, int]
    film: str = "morning"
    then: str = ""
    keys: tuple[str, ...] = ()


SCENES = (
    Scene("main-200x60", (200, 60)),
    Scene("main-120x40", (120, 40)),
    Scene("main-80x24", (80, 24)),
    Scene("ticket", (120, 40), keys=("b", "f4", "enter")),
    Scene("kill", (120, 40), then='{"at": 68.8, "do": "kill", "level": "kill"}'),
    Scene("detail", (120, 40), keys=("home", "down", "down", "down", "enter")),
    Scene("replay", (120, 40), film="replay", keys=("3",)),
)


@cache
def film(name: str, then: str) -> Film:
    """The film of a script; each is shot once."""
    script = (HERE / f"{name}.jsonl").read_text(encoding="utf-8") + then
    if name == "replay":
        return film_recording(RECORDING, script, SECONDS)
    return film_synthetic(script, SECONDS)


def take(scene: Scene) -> str:
    """The picture of a scene, as SVG."""
    return asyncio.run(_take(scene, film(scene.film, scene.then)))


async def _take(scene: Scene, shown: Film) -> str:
    link, clock = FilmLink(), SimClock(shown[0].now_ns)
    options = Options(hz=STILL_HZ, state_dir=HERE)
    session = Session(link, clock, options, read_keymap({}), ids=Ids("1"))
    app = ConsoleApp(session, monotonic=lambda: clock.now_ns() / NS)
    app.animation_level = "none"
    async with app.run_test(size=scene.size) as pilot:
        for number, frame in enumerate(shown):
            clock.move_to(frame.now_ns)
            link.show(frame)
            app.tick()
            if number % FRAMES_PER_S == 0:
                await pilot.pause()
        await _press(app, pilot, clock, scene.keys)
        return app.export_screenshot()


async def _press(
    app: ConsoleApp, pilot: Pilot[int], clock: SimClock, keys: tuple[str, ...]
) -> None:
    """Press keys half a second apart, as a hand does."""
    await pilot.pause()
    for key in keys:
        clock.move_to(clock.now_ns() + NS // 2)
        character = "\r" if key == "enter" else key if len(key) == 1 else key_to_character(key)
        event = events.Key(key, character)
        event.time = app.monotonic()
        app.post_message(event)
        await pilot.pause()
        app.tick()
        await pilot.pause()


def wanted(names: list[str]) -> Iterator[Scene]:
    """The scenes of these names, all without any, less those whose market is not there."""
    for scene in SCENES:
        if names and scene.name not in names:
            continue
        if scene.film == "replay" and not RECORDING.exists():
            print(f"{scene.name}: left as it is, there is no recording beside the checkout")
            continue
        yield scene


def main() -> None:
    """Draw every picture, or those named on the command line."""
    for scene in wanted(sys.argv[1:]):
        path = HERE / f"{scene.name}.svg"
        path.write_text(take(scene), encoding="utf-8")
        print(f"{scene.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

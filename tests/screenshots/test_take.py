"""The pictures show what they say, the same each time, and the README has the ones it needs."""

from __future__ import annotations

import re

from screenshots.film import FRAMES_PER_S, film_synthetic
from screenshots.take import SCENES, Scene, take
from tests.conftest import ROOT

BUY = (
    '{"at": 0.5, "do": "place", "client_order_id": "a1", "symbol": "BTCUSDT", "side": "Buy",'
    ' "qty": "0.100", "type": "Market"}'
)


def test_a_film_is_what_the_engine_told_and_the_same_each_time() -> None:
    first, again = (film_synthetic(BUY, 2.0) for _ in range(2))
    assert len(first) == 2 * FRAMES_PER_S
    assert first == again
    kinds = [type(e.event).__name__ for frame in first for e in frame.update.events]
    assert kinds[:2] == ["PnlBaseline", "OrderSubmitted"]


def test_a_scene_is_drawn_by_the_real_console() -> None:
    svg = take(Scene("sell", (80, 24), keys=("s",)))
    text = re.sub(r"<[^>]*>", "", svg).replace("&#160;", " ")
    assert "PAPER" in text
    assert "SELL BTCUSDT" in text
    assert "ACKED" in text


def test_the_readme_shows_pictures_that_are_taken() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"\(screenshots/([\w-]+)\.svg\)", readme)
    assert shown
    assert set(shown) <= {scene.name for scene in SCENES}
    for scene in SCENES:
        assert (ROOT / "screenshots" / f"{scene.name}.svg").is_file()

"""Which words the three ways to settle a difference ask for."""

from __future__ import annotations

from decimal import Decimal as D

from console.screens.confirm import TypedConfirm
from console.screens.settle import seconds, settle_screen
from engine.core.events import Drift
from engine.core.types import DriftAction

DRIFT = Drift(symbol="BTCUSDT", ours=D("0.7"), venue=D("0.5"), since_ts=1)


def problems(screen: TypedConfirm, *texts: str) -> list[str | None]:
    return [field.problem(text) for field, text in zip(screen._fields, texts, strict=True)]


def test_adopting_and_flattening_ask_for_the_symbol_and_a_reason() -> None:
    for action in (DriftAction.ADOPT, DriftAction.FLATTEN):
        screen = settle_screen(action, DRIFT, D("0.001"))
        assert f"{action.upper()} BTCUSDT" == screen.TITLE_TEXT
        assert screen._explanation.startswith("ledger +0.700, venue +0.500, difference -0.200.")
        assert problems(screen, "BTCUSDT", "seen") == [None, None]
        assert problems(screen, "btc", "") == ["type BTCUSDT", "say what you found"]


def test_ignoring_asks_for_how_long_too() -> None:
    screen = settle_screen(DriftAction.IGNORE, DRIFT, None)
    assert screen._explanation.endswith("0 minutes: until it changes.")
    for text in ("0", "1.5", "10080"):
        assert problems(screen, "BTCUSDT", "seen", text) == [None, None, None]
    for text, problem in (
        ("", "minutes, as a number"),
        ("soon", "minutes, as a number"),
        ("-1", "0 to 10080"),
        ("10081", "0 to 10080"),
        ("NaN", "0 to 10080"),
    ):
        assert problems(screen, "BTCUSDT", "seen", text)[2] == problem
    assert seconds("1.5") == 90.0

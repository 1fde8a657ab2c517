"""Which panels each size of terminal shows."""

from __future__ import annotations

import pytest

from console.screens.layout import PANELS, SizeClass, next_panel, shown_panels, size_class

WIDE, MEDIUM, NARROW, TINY = SizeClass.WIDE, SizeClass.MEDIUM, SizeClass.NARROW, SizeClass.TINY


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((200, 60), WIDE),
        ((160, 45), WIDE),
        ((159, 60), MEDIUM),
        ((200, 44), MEDIUM),
        ((120, 40), MEDIUM),
        ((110, 30), MEDIUM),
        ((109, 40), NARROW),
        ((120, 29), NARROW),
        ((80, 24), NARROW),
        ((60, 15), NARROW),
        ((59, 24), TINY),
        ((80, 14), TINY),
        ((20, 5), TINY),
    ],
)
def test_a_size_has_one_layout(size: tuple[int, int], expected: SizeClass) -> None:
    assert size_class(*size) is expected


def test_a_wide_terminal_shows_everything() -> None:
    assert shown_panels(WIDE, "blotter") == set(PANELS)


def test_a_medium_terminal_shows_the_ladder_in_place_of_the_reconciliation_when_wanted() -> None:
    assert shown_panels(MEDIUM, "blotter") == set(PANELS) - {"ladder"}
    assert shown_panels(MEDIUM, "ladder") == set(PANELS) - {"recon"}


def test_a_narrow_or_zoomed_screen_shows_the_active_panel_alone() -> None:
    assert shown_panels(NARROW, "events") == {"events"}
    assert shown_panels(WIDE, "recon", zoomed=True) == {"recon"}


def test_a_tiny_terminal_shows_no_panel() -> None:
    assert shown_panels(TINY, "blotter") == frozenset()


def test_tab_goes_round_and_back() -> None:
    forth, back, panel = [], [], "blotter"
    for _ in PANELS:
        panel = next_panel(panel, 1)
        forth.append(panel)
    for _ in PANELS:
        panel = next_panel(panel, -1)
        back.append(panel)
    assert forth == [*PANELS[1:], PANELS[0]]
    assert back == [*reversed(PANELS)]

"""The docs show what the code draws, and link to pages that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.draw import ORDERS, drawn
from engine.core.orders.diagram import mermaid, order_diagram
from tests.conftest import ROOT


def test_the_page_of_orders_shows_the_states_as_they_are() -> None:
    page = ORDERS.read_text(encoding="utf-8")
    assert page == drawn(page), "run `make docs`"
    assert order_diagram() in page
    assert mermaid() in page


def test_what_stands_around_a_picture_stays() -> None:
    page = drawn("before\n<!-- drawn: flow -->\nold\n<!-- end -->\nafter\n")
    assert (
        page == f"before\n<!-- drawn: flow -->\n```mermaid\n{mermaid()}\n```\n<!-- end -->\nafter\n"
    )


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert (ROOT / "docs" / target).exists(), target

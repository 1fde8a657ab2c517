"""Options start on the safe side."""

from __future__ import annotations

from console.options import Options


def test_the_defaults_are_a_paper_console_that_asks_before_it_leaves() -> None:
    options = Options()
    assert (options.live, options.read_only, options.on_exit) == (False, False, "ask")
    assert options.on_hangup == "leave"
    assert options.hz == 10.0

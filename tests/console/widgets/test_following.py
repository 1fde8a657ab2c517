"""A following table leaves what it says on its border to its subclasses."""

from __future__ import annotations

import pytest

from console.widgets.following import FollowingTable


def test_it_follows_until_the_user_moves() -> None:
    table = FollowingTable()
    assert (table.following, table.paused, table.top_row()) == (True, False, None)


def test_what_the_border_says_is_up_to_the_panel() -> None:
    with pytest.raises(NotImplementedError):
        FollowingTable().retitle()

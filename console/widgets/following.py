"""A table that grows at the top: it follows the newest row, or stays with the rows it shows."""

from __future__ import annotations

from console.widgets.table import LineTable


class FollowingTable(LineTable):
    """While `following`, the first row stays on top; the user's moves end that, Home restores it.

    Otherwise the viewport stays with the rows it shows, however many come above them.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.following = True
        self.paused = False

    def retitle(self) -> None:
        """Say on the border how things stand."""
        raise NotImplementedError

    def toggle_follow(self) -> None:
        """Keep the first row on top, or stay with what is shown."""
        self.following = not self.following
        if self.following:
            self.scroll_to(y=0, animate=False)
        self.retitle()

    def user_moved(self) -> None:
        """The user moves the cursor or the viewport."""
        self.following = False
        self.retitle()

    def top_row(self) -> str | None:
        """The row that stays where it is; None while the top is followed."""
        return None if self.following or not self._shown else self._shown[0]

    def settle_on(self, row_id: str | None) -> None:
        """After rows came or went: bring `row_id` back to the top of the viewport."""
        self.resize_rows()
        place = None if row_id is None else self.row_index(row_id)
        if place is not None and place != self.scroll_offset.y:
            self.scroll_to(y=place, animate=False, immediate=True)

    def action_cursor(self, step: int) -> None:
        self.user_moved()
        super().action_cursor(step)

    def action_cursor_end(self, direction: int) -> None:
        super().action_cursor_end(direction)
        self.following = direction < 0
        self.retitle()

    def user_scrolled(self) -> None:
        self.user_moved()

    def on_mouse_scroll_down(self) -> None:
        self.user_moved()

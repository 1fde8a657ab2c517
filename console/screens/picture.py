"""A screen whose frames cost what changed: each stale piece of a line is asked for and sent once.

Textual's compositor asks every widget that a frame may touch for all of its lines, containers
that lie wholly under their panels among them, and cuts each line wherever any widget begins or
ends. Panels that lie side by side need neither: who is in front at each place of a line is known
from one layout to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from rich.console import Console
from textual._compositor import Compositor, CompositorUpdate
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widget import Widget

from console.widgets.kept import Kept

Result = TypeVar("Result")


class Piece(NamedTuple):
    """A stretch of a screen line, from column `left` to before `right`, and who is in front there.

    `x` and `y` are where the widget's first line begins on the screen, `width` how wide it is.
    """

    left: int
    right: int
    widget: Widget
    x: int
    y: int
    width: int


class Pieces(CompositorUpdate):
    """Strips and where they go, as (line, column, strip), in reading order."""

    def __init__(self, strips: Sequence[tuple[int, int, Strip]]) -> None:
        self.strips = strips

    def render_segments(self, console: Console) -> str:
        """The bytes for the terminal: the cursor is moved where a strip does not follow another."""
        written: list[str] = []
        at = (-1, -1)
        for y, x, strip in self.strips:
            if (y, x) != at:
                written.append(f"\x1b[{y + 1};{x + 1}H")
            written.append(strip.render(console))
            at = y, x + strip.cell_length
        return "".join(written)


class Picture(Compositor):
    """Textual's compositor with another way to draw what changed; all else is Textual's.

    There is no public way to say how a screen is composed, so this overrides a method of a private
    module. Its tests hold it to the picture that Textual draws as a whole.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pieces: dict[int, tuple[Piece, ...]] = {}
        self._pieces_of: Mapping[Widget, tuple[Region, Region]] = {}

    def render_partial_update(self) -> Pieces | None:  # type: ignore[override]
        """What the regions that were marked since the last time look like; None without any."""
        screen = self.size.region
        regions = [region.intersection(screen) for region in self._dirty_regions]
        self._dirty_regions.clear()
        pieces = [
            (y, max(left, piece.left), min(right, piece.right), piece)
            for y, left, right in self._regions_to_spans(filter(None, regions))
            for piece in self.pieces(y)
            if piece.left < right and left < piece.right
        ]
        if not pieces:
            return None
        drawn = _drawn((y, piece) for y, _, _, piece in pieces)
        return Pieces(
            [
                (y, left, drawn[piece.widget][y].crop(left - piece.x, right - piece.x))
                for y, left, right, piece in pieces
            ]
        )

    def lines(self, wanted: Sequence[int]) -> Iterator[Strip]:
        """Whole lines of the screen."""
        drawn = _drawn((y, piece) for y in wanted for piece in self.pieces(y))
        for y in wanted:
            yield Strip.join(
                drawn[piece.widget][y].crop(piece.left - piece.x, piece.right - piece.x)
                for piece in self.pieces(y)
            )

    def pieces(self, y: int) -> tuple[Piece, ...]:
        """Who is in front on a line, from left to right; worked out once a layout."""
        visible = self.visible_widgets
        if self._pieces_of is not visible:
            self._pieces_of = visible
            self._pieces.clear()
        pieces = self._pieces.get(y)
        if pieces is None:
            pieces = self._pieces[y] = tuple(sorted(self._in_front(y)))
        return pieces

    def _in_front(self, y: int) -> Iterator[Piece]:
        """The line's pieces, from the front to the back: what is covered is nobody's."""
        free = [(0, self.size.width)]
        for widget, (region, clip) in self.visible_widgets.items():
            shown = region.intersection(clip)
            if not shown or not shown.y <= y < shown.bottom:
                continue
            left_over: list[tuple[int, int]] = []
            for left, right in free:
                from_x, to_x = max(left, shown.x), min(right, shown.right)
                if from_x >= to_x:
                    left_over.append((left, right))
                    continue
                yield Piece(from_x, to_x, widget, region.x, region.y, region.width)
                left_over += [(a, b) for a, b in ((left, from_x), (to_x, right)) if a < b]
            free = left_over


def _drawn(wanted: Iterable[tuple[int, Piece]]) -> dict[Widget, dict[int, Strip]]:
    """The lines of each widget by screen line: each is asked once, for the stretch it needs."""
    spans: dict[Widget, tuple[int, int, Piece]] = {}
    for y, piece in wanted:
        first, last, _ = spans.get(piece.widget, (y, y, piece))
        spans[piece.widget] = min(first, y), max(last, y), piece
    return {
        widget: dict(
            enumerate(
                widget.render_lines(Region(0, first - piece.y, piece.width, last - first + 1)),
                first,
            )
        )
        for widget, (first, last, piece) in spans.items()
    }


class PictureScreen(Screen[Result], Kept):
    """A screen that is composed by a `Picture`."""

    def __init__(
        self, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name, id, classes)
        self._compositor = Picture()

    def _compositor_refresh(self) -> None:
        """Below another screen: tell that one what changed.

        Textual's own also marks what changed for the next time, and so has it drawn again with
        every change from then on: after the first whole drawing, all of it.
        """
        if self.app.screen is self:
            super()._compositor_refresh()
            return
        changed = self._compositor._dirty_regions
        if changed and self.is_current:
            self.app.screen.refresh(*changed)
        changed.clear()
        self._dirty_widgets.clear()


class PictureOver(ModalScreen[Result], PictureScreen[Result]):
    """A screen over another, which shows wherever nothing of this one covers it.

    Textual would draw all that is below anew for each change of it, and look for links in it.
    """

    def draw_lines(self, missing: Sequence[int]) -> None:
        """The lines of the screen below as they are, where this one's background is clear."""
        below = self._below()
        if below is None or self.styles.background.a:
            super().draw_lines(missing)
        else:
            self._kept.update(zip(missing, below.lines(missing), strict=True))

    def _below(self) -> Picture | None:
        stack = self.app.screen_stack
        place = stack.index(self) - 1 if self in stack else -1
        picture = stack[place]._compositor if place >= 0 else None
        return picture if isinstance(picture, Picture) else None

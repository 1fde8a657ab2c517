"""The ladder's grid stands still, its levels answer to clicks, and it goes where it is told."""

from __future__ import annotations

from decimal import Decimal as D

from textual.geometry import Offset
from textual.pilot import Pilot

from console.widgets.ladder import LadderPanel
from engine.core.market import Level
from engine.core.status import BookView, LinkUpdate
from engine.core.types import Side
from tests.console.fakes import BTC, NOW, book
from tests.console.widgets.harness import Desk, Repaints, heard, lines, show

SIZE = (54, 24)


def _market(price: str) -> LinkUpdate:
    tick, best = BTC.tick_size, D(price)

    def side(sign: int) -> tuple[Level, ...]:
        return tuple((best + sign * n * tick, D("0.5")) for n in range(1, 10))

    view = BookView(symbol="BTCUSDT", bids=side(-1), asks=side(1), ts=NOW)
    return LinkUpdate(books={"BTCUSDT": view})


def _desk() -> Desk:
    desk = Desk()
    desk.link.update.books = {"BTCUSDT": book(BTC)}
    return desk


def _prices(panel: LadderPanel) -> tuple[str, str]:
    return panel.visible_ids()[0], panel.visible_ids()[-1]


def test_the_touch_is_in_the_middle_of_a_grid_of_ticks() -> None:
    panel, desk = LadderPanel(), _desk()

    async def steps(pilot: Pilot[None]) -> None:
        assert lines(panel)[1] == " no symbol"
        panel.sync(desk.frame().ladder)
        await pilot.pause()
        shown = lines(panel)
        assert shown[0].split() == ["OWN", "BID", "PRICE", "ASK", "OWN"]
        assert "61,000.0" in shown[11]
        assert shown[10].split() == ["61,000.1", "0.600"]
        assert shown[12].split() == ["0.600", "60,999.9"]
        assert len(shown) == 22
        assert all(shown[1:])

    show(panel, steps, SIZE)


def test_prices_stay_where_they_are_while_the_market_moves_a_little() -> None:
    panel, desk = LadderPanel(), _desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().ladder)
        await pilot.pause()
        before = _prices(panel)
        repaints = Repaints(panel)
        panel.sync(desk.frame(update=_market("61000.3")).ladder)
        assert _prices(panel) == before
        assert repaints.lines()
        panel.sync(desk.frame(update=LinkUpdate()).ladder)
        assert repaints.lines() == []

    show(panel, steps, SIZE)


def test_a_market_that_runs_away_is_followed() -> None:
    panel, desk = LadderPanel(), _desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().ladder)
        await pilot.pause()
        panel.sync(desk.frame(update=_market("61010.0")).ladder)
        await pilot.pause()
        assert "61,010.0" in lines(panel)[11]

    show(panel, steps, SIZE)


def test_under_the_pointer_the_grid_stands_still_until_it_is_told_to_recentre() -> None:
    panel, desk = LadderPanel(), _desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().ladder)
        await pilot.hover(LadderPanel, offset=(10, 5))
        before = _prices(panel)
        panel.sync(desk.frame(update=_market("61010.0")).ladder)
        assert _prices(panel) == before
        panel.recentre()
        assert "61,010.0" in lines(panel)[11]

    show(panel, steps, SIZE)


def test_a_click_on_a_side_picks_it_at_that_price() -> None:
    panel, desk = LadderPanel(), _desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().ladder)
        await pilot.pause()
        messages = heard(panel, LadderPanel.Picked)
        for x in (12, 26, 40):
            await pilot.click(LadderPanel, offset=Offset(x, 15))
        assert [(m.symbol, m.side, m.price) for m in messages] == [  # type: ignore[attr-defined]
            ("BTCUSDT", Side.BUY, D("60999.7")),
            ("BTCUSDT", Side.BUY, D("60999.7")),
            ("BTCUSDT", Side.SELL, D("60999.7")),
        ]
        assert panel.cursor_price == D("60999.7")

    show(panel, steps, SIZE)


def test_a_click_beside_the_levels_picks_nothing() -> None:
    panel, desk = LadderPanel(), _desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().ladder)
        await pilot.pause()
        messages = heard(panel, LadderPanel.Picked)
        await pilot.click(LadderPanel, offset=Offset(12, 1))
        await pilot.click(LadderPanel, offset=Offset(12, 0))
        assert messages == []

    show(panel, steps, SIZE)


def test_a_right_click_asks_to_cancel_own_orders_at_that_price() -> None:
    panel, desk = LadderPanel(), _desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().ladder)
        await pilot.pause()
        messages = heard(panel, LadderPanel.CancelAt, LadderPanel.Picked)
        line = 1 + panel.visible_ids().index("60999.00")
        await pilot.click(LadderPanel, offset=Offset(12, line + 1), button=3)
        await pilot.click(LadderPanel, offset=Offset(12, line + 2), button=3)
        assert [(m.symbol, m.price, m.order_ids) for m in messages] == [  # type: ignore[attr-defined]
            ("BTCUSDT", D("60999.0"), ("c-003",))
        ]

    show(panel, steps, SIZE)


def test_keys_move_by_levels_and_enter_picks_the_passive_side() -> None:
    panel, desk = LadderPanel(), _desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().ladder)
        await pilot.pause()
        panel.focus()
        messages = heard(panel, LadderPanel.Picked)
        await pilot.press("down", "down", "enter", "up", "up", "up", "enter")
        assert [(m.side, m.price) for m in messages] == [  # type: ignore[attr-defined]
            (Side.BUY, D("60999.8")),
            (Side.SELL, D("61000.1")),
        ]

    show(panel, steps, SIZE)


def test_the_grid_goes_along_when_the_cursor_leaves_it() -> None:
    panel, desk = LadderPanel(), _desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().ladder)
        await pilot.pause()
        panel.focus()
        await pilot.press("down", "pagedown", "pageup", "pageup")
        assert panel.cursor_price == D("61001.9")
        assert panel.cursor_visible

    show(panel, steps, SIZE)


def test_another_symbol_is_another_grid_without_a_cursor() -> None:
    panel, desk = LadderPanel(), _desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().ladder)
        panel.focus()
        await pilot.press("down")
        desk.ui.symbol = "ETHUSDT"
        panel.sync(desk.frame().ladder)
        await pilot.pause()
        assert panel.cursor_price is None
        assert lines(panel)[1] == " waiting for the market"
        await pilot.press("down", "enter")
        assert panel.cursor_price is None

    show(panel, steps, SIZE)


def test_another_size_of_the_panel_recentres() -> None:
    panel, desk = LadderPanel(), _desk()

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().ladder)
        await pilot.resize_terminal(54, 12)
        await pilot.pause()
        assert len(panel.visible_ids()) == 9
        assert "61,000.0" in lines(panel)[5]

    show(panel, steps, SIZE)


def test_a_book_that_writes_prices_shorter_than_the_tick_meets_the_same_levels() -> None:
    panel, desk = LadderPanel(), Desk()
    level = (D("61000"), D(1))
    desk.link.update.books = {"BTCUSDT": BookView(symbol="BTCUSDT", bids=(level,), ts=NOW)}

    async def steps(pilot: Pilot[None]) -> None:
        panel.sync(desk.frame().ladder)
        await pilot.pause()
        panel.focus()
        await pilot.press("down")
        assert panel.cursor_visible
        assert lines(panel)[11].startswith("▸")
        assert "1.000" in lines(panel)[11]

    show(panel, steps, SIZE)

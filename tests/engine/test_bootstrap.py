from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest

from engine.bootstrap import PAPER_KEY, Files, PaperEngine, build_paper
from engine.clock import NS, SimClock, run_simulated
from engine.core.commands import Command, PlaceOrder
from engine.core.events import Event, OrderEvent, OrderSubmitted
from engine.core.limits import PAPER_LIMITS
from engine.core.types import OrderState, Side
from engine.journal.errors import JournalLocked
from engine.journal.reader import open_for_reading
from tests.support.market import BTC_SPOT, T0, Market, book, ticker, trade

D = Decimal
T = TypeVar("T")


class Run(PaperEngine):
    """One run of the program on a folder."""

    async def give(self, command: Command) -> None:
        self.engine.submit(command)
        await self.engine.clock.sleep(0.05)


def run(folder: Path, market: Market, scenario: Callable[[Run], Coroutine[None, None, T]]) -> T:
    """Build the engine of this folder, wait until it is ready, run the scenario, stop in order."""
    clock = SimClock(T0 - NS)

    async def main() -> T:
        engine, exchange = build_paper(
            clock=clock,
            source=market,
            files=Files(folder / "journal.db", folder / "halt.latch"),
            limits=PAPER_LIMITS,
            threaded=False,
        )
        exchange.start()
        await engine.start()
        await clock.sleep(1.2)
        await engine.settled()
        try:
            return await scenario(Run(engine, exchange))
        finally:
            await engine.stop()
            exchange.stop()

    return run_simulated(clock, main())


def place(order_id: str, side: str, qty: str, price: str | None, **more: object) -> PlaceOrder:
    terms: dict[str, object] = {"symbol": "BTCUSDT", **more}
    return PlaceOrder(
        command_id=f"c-{order_id}",
        client_order_id=order_id,
        side=Side(side),
        qty=D(qty),
        price=None if price is None else D(price),
        **terms,  # type: ignore[arg-type]
    )


def journal(folder: Path) -> list[Event]:
    reader = open_for_reading(folder / "journal.db")
    try:
        return [event for _, event in reader.replay()]
    finally:
        reader.close()


def moving() -> Market:
    """A market in which a sale of 0.006 at 59,500.0 follows after a second and a half."""
    return Market(
        book(0, [("60000.0", "10")], [("60000.1", "10")]),
        ticker(0, "60000"),
        trade(1.5, "Sell", "0.006", "59500.0"),
        ticker(3600, "60000"),
    )


async def trade_a_little(run: Run) -> None:
    """Rest, take, fill in part, and sell ahead of a position with a reduce-only order."""
    await run.give(place("rests", "Buy", "0.010", "59000.0"))
    await run.give(place("takes", "Buy", "0.020", "60000.1"))
    await run.give(place("partly", "Buy", "0.010", "59500.0"))
    await run.give(place("later", "Sell", "0.005", "61000.0", reduce_only=True))
    await run.give(place("maker", "Sell", "0.005", "62000.0", post_only=True))
    await run.engine.clock.sleep(2)


def picture(run: Run) -> dict[str, object]:
    """What a trader sees, and what the exchange has."""
    state, account = run.engine.state, run.exchange.accounts[PAPER_KEY]
    assert state.reconciled is not None
    return {
        "orders": {
            o.client_order_id: (o.state, o.qty, o.cum_qty, o.price, o.avg_price)
            for o in state.orders.orders.values()
        },
        "positions": {
            symbol: (p.qty, p.avg_entry_price, p.realized_pnl, p.fees)
            for symbol, p in state.positions.positions.items()
        },
        "at the exchange": {
            o.link_id: (o.qty, o.cum_qty, o.price, o.time_in_force, o.reduce_only)
            for o in account.orders.values()
            if o.is_open
        },
        "held there": {symbol: p.qty for symbol, p in account.positions.items()},
        "drift": state.reconciled.drift,
        "external": state.reconciled.external_orders,
        "ready": state.ready,
    }


async def look(run: Run) -> dict[str, object]:
    return picture(run)


def test_a_restart_finds_everything_where_it_was_and_a_second_one_adds_only_its_beginning(
    tmp_path: Path,
) -> None:
    async def first_run(run: Run) -> dict[str, object]:
        await trade_a_little(run)
        return picture(run)

    before = run(tmp_path, moving(), first_run)
    assert before["held there"] == {"BTCUSDT": D("0.026")}
    orders = before["orders"]
    assert isinstance(orders, dict)
    assert orders["partly"][:3] == (OrderState.PARTIALLY_FILLED, D("0.010"), D("0.006"))
    assert before["drift"] == before["external"] == ()
    for _ in range(2):
        known = len(journal(tmp_path))
        assert run(tmp_path, Market(), look) == before
        assert [type(event).__name__ for event in journal(tmp_path)[known:]] == [
            "EngineStarted",
            "PnlBaseline",  # a paper exchange begins with a new wallet
        ]


def test_orders_taken_up_again_fill_cancel_and_shrink_like_any_other(tmp_path: Path) -> None:
    async def second_run(run: Run) -> dict[str, object]:
        await run.give(place("close", "Sell", "0.022", "60000.0"))
        await run.engine.clock.sleep(2)
        return picture(run)

    run(tmp_path, moving(), trade_a_little)
    falling = Market(
        book(0, [("60000.0", "10")], [("60000.1", "10")]),
        ticker(0, "60000"),
        trade(2, "Sell", "1.000", "59400.0"),
        ticker(3600, "60000"),
    )
    after = run(tmp_path, falling, second_run)
    # 0.026 less 0.022, and the rest of `partly`: 0.008 is held.
    assert after["held there"] == {"BTCUSDT": D("0.008")}
    orders = after["orders"]
    assert isinstance(orders, dict)
    assert orders["partly"][0] is OrderState.FILLED
    assert orders["later"][:2] == (OrderState.NEW, D("0.004"))
    assert after["drift"] == ()


def test_a_new_run_hands_out_new_ids(tmp_path: Path) -> None:
    async def buy(run: Run) -> None:
        await run.give(place(f"buy-{run.engine.state.run}", "Buy", "0.010", "60000.1"))

    for _ in range(3):
        run(tmp_path, Market(), buy)
    fills = [e for e in journal(tmp_path) if isinstance(e, OrderEvent) and e.exec_id]
    assert len({event.exec_id for event in fills}) == 3
    assert len({event.exchange_order_id for event in fills}) == 3
    after = run(tmp_path, Market(), look)
    assert after["held there"] == {"BTCUSDT": D("0.030")}


def test_spot_holdings_are_there_again_and_can_be_sold(tmp_path: Path) -> None:
    def spot() -> Market:
        return Market(instruments=[BTC_SPOT])

    async def buy(run: Run) -> Decimal:
        await run.give(place("buy", "Buy", "0.010000", "60000.1", symbol="BTC/USDT"))
        await run.give(place("rest", "Buy", "0.010000", "59000.0", symbol="BTC/USDT"))
        return run.engine.state.positions.get_position("BTC/USDT").qty

    async def sell(run: Run) -> tuple[Decimal, Decimal, OrderState]:
        held = run.exchange.accounts[PAPER_KEY].coins["BTC"].balance
        await run.give(place("sell", "Sell", "0.009994", "60000.0", symbol="BTC/USDT"))
        order = run.engine.state.orders.orders["sell"]
        return held, run.engine.state.positions.get_position("BTC/USDT").qty, order.state

    bought = run(tmp_path, spot(), buy)
    assert bought == D("0.0099945")  # the fee is taken in coins
    held, left, state = run(tmp_path, spot(), sell)
    assert (held, left, state) == (bought, D("0.0000005"), OrderState.FILLED)


def test_two_engines_do_not_share_a_folder(tmp_path: Path) -> None:
    async def second(_: Run) -> None:
        with pytest.raises(JournalLocked):
            build_paper(
                clock=SimClock(T0),
                source=Market(),
                files=Files(tmp_path / "journal.db", tmp_path / "halt.latch"),
                limits=PAPER_LIMITS,
                threaded=False,
            )

    run(tmp_path, Market(), second)
    assert not any(isinstance(event, OrderSubmitted) for event in journal(tmp_path))

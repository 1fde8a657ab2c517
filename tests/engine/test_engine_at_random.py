"""Any commands in any order at any time, on the real exchange; everything is checked each time."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bootstrap import PAPER_KEY
from engine.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    ChangeSetting,
    Command,
    Flatten,
    Kill,
    Release,
)
from engine.core.events import Event, OrderAdopted, OrderEvent, OrderSubmitted
from engine.core.orders.terms import Trigger, TriggerDirection
from engine.core.settings import LONG, ONE_WAY, SHORT
from engine.core.types import KillLevel, OrderState, OrderType, Side, TimeInForce, TradingState
from engine.recovery.rebuild import recover
from tests.support.house import AMEND, CANCEL, CANCEL_ALL, CREATE, House, simulate
from tests.support.journals import open_journal
from tests.support.market import Market, book, ticker, trade

D = Decimal
IDS = [f"o{number}" for number in range(5)]
PRICES = [D(text) for text in ("59000.0", "59900.0", "60000.0", "60000.1", "60100.0", "61000.0")]
QTYS = [D(text) for text in ("0.001", "0.004", "0.010", "0.0005")]
TIMES = list(TimeInForce)
TRIGGERS = [
    None,
    None,
    Trigger(D("59950.0"), TriggerDirection.FALLS),
    Trigger(D("60050.0"), TriggerDirection.RISES),
]
"""Nearly half of the orders wait for a trade that comes five times a second."""
INDEXES = (ONE_WAY, LONG, SHORT)
CRASH = "kill -9 and a restart"
QUIET_S = 20.0
"""Long enough for every answer, every proof and two comparisons."""

Step = tuple[str, Callable[[House], object]]


def market() -> Market:
    """Trades on both sides through every price that orders rest at, in turn, for a minute."""
    lines = [book(0, [("60000.0", "0.006")], [("60000.1", "0.006")]), ticker(0, "60000")]
    for number in range(1, 40):
        side, price = (("Sell", "59900.0"), ("Buy", "60100.0"))[number % 2]
        lines.append(trade(1 + number / 5, side, "0.003", price))
    return Market(*lines, ticker(3000, "60000"))


@st.composite
def places(draw: st.DrawFn) -> Step:
    kind = draw(st.sampled_from(OrderType))
    price = None if kind is OrderType.MARKET else draw(st.sampled_from(PRICES))
    time_in_force = TimeInForce.IOC if price is None else draw(st.sampled_from(TIMES))
    order_id, side = draw(st.sampled_from(IDS)), draw(st.sampled_from(Side))
    qty, reduce_only = draw(st.sampled_from(QTYS)), draw(st.booleans())
    post_only = time_in_force is TimeInForce.POST_ONLY
    trigger = draw(st.sampled_from(TRIGGERS))

    def command(house: House) -> Command:
        return house.place(
            order_id,
            side,
            str(qty),
            price=price,
            type=kind,
            time_in_force=TimeInForce.GTC if post_only else time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
            trigger=trigger,
        )

    return f"place {order_id} {side} {qty} {price} {trigger}", command


def named(name: str, make: Callable[[str], Command]) -> Step:
    return name, lambda house: make(house.command_id())


@st.composite
def others(draw: st.DrawFn) -> Step:
    order = draw(st.sampled_from(IDS))
    price = draw(st.sampled_from([None, *PRICES]))
    qty = draw(st.sampled_from([None, *QTYS]))
    level = draw(st.sampled_from(KillLevel))
    side = draw(st.sampled_from([None, *Side]))
    trigger = draw(st.sampled_from([None, None, D("59940.0"), D("60060.0")]))
    steps: list[Step] = [
        named(
            f"amend {order} {qty} {price} {trigger}",
            lambda c: AmendOrder(
                command_id=c, client_order_id=order, qty=qty, price=price, trigger_price=trigger
            ),
        ),
        named(
            f"cancel {order}",
            lambda c: CancelOrder(command_id=c, client_order_id=order),
        ),
        named(f"cancel all {side}", lambda c: CancelAll(command_id=c, side=side)),
        named(f"kill {level}", lambda c: Kill(command_id=c, level=level)),
        named("flatten", lambda c: Flatten(command_id=c)),
        named("release", lambda c: Release(command_id=c, account="paper", reason="go on")),
        ("lose the connection", lambda house: house.exchange.drop_connections()),
        (CRASH, lambda house: None),
    ]
    return draw(st.sampled_from(steps))


pauses = st.sampled_from([0.0, 0.0, 0.001, 0.003, 0.01, 0.3, 1.0])
lives = st.lists(
    st.tuples(st.one_of(places(), places(), others()), pauses), min_size=3, max_size=30
)
latencies = st.sampled_from([2_000_000, 0, 80_000_000])


class Watch:
    """The invariants that hold at every moment."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.on_request = self._left

    def _left(self, path: str, order_id: str) -> None:
        """G1 and G8: what leaves is durable, and adds no exposure while the gate is shut."""
        if path in (CANCEL, CANCEL_ALL):
            return
        gate = self.house.live.gate
        flattens = path == CREATE and order_id.startswith("flat-")
        assert not gate.closed or flattens, f"{path} {order_id} left through a shut gate"
        wanted = OrderSubmitted if path == CREATE else OrderEvent
        assert path in (CREATE, AMEND)
        assert any(
            isinstance(event, wanted) and event.client_order_id == order_id
            for event in self.house.events()
        )

    def check(self) -> None:
        """G5 and G6: executions are booked once, and their sums are everybody's figures."""
        state = self.house.live.state
        fills = list(state.positions.booked_fills())
        assert len({fill.exec_id for fill in fills}) == len(fills)
        by_order: Counter[str] = Counter()
        position = D(0)
        for fill in fills:
            by_order[fill.client_order_id] += fill.qty  # type: ignore[assignment]
            position += fill.qty * fill.side.sign
        for order in state.orders.orders.values():
            assert order.cum_qty == by_order[order.client_order_id]
            assert order.cum_qty == sum(fill.qty for fill in order.fills.values())
            assert order.cum_qty <= order.qty
        assert sum(self._positions()) == position
        open_orders = state.orders.open_orders()
        assert state.exposure.count() == len(open_orders)
        for side in Side:
            least = sum((o.leaves_qty for o in open_orders if o.side is side), D(0))
            assert state.exposure.working("BTCUSDT", side) >= least
        there = self.house.exchange.accounts[PAPER_KEY].orders.values()
        assert len({order.link_id for order in there}) == len(there)
        assert self.house.live.failure == ""
        if state.trading is TradingState.HALTED:
            assert self.house.live.gate.closed

    def _positions(self) -> list[Decimal]:
        positions = self.house.live.state.positions
        return [positions.get_position("BTCUSDT", index).qty for index in INDEXES]

    def check_at_rest(self) -> None:
        """G3, once everything has been answered: what is open there is open here."""
        house = self.house
        state = house.live.state
        assert house.here() == house.at_venue()
        held = house.exchange.accounts[PAPER_KEY].all_positions()
        assert self._positions() == [
            sum((p.qty for p in held if p.idx == index), D(0)) for index in INDEXES
        ]
        assert not [o for o in state.orders.open_orders() if o.state is OrderState.UNKNOWN]
        for theirs in house.exchange.accounts[PAPER_KEY].orders.values():
            ours = state.orders.get_order(theirs.link_id)
            assert ours is not None
            assert ours.cum_qty == theirs.cum_qty
        assert state.reconciled is not None
        assert state.reconciled.drift == ()
        anomalies = state.orders.anomalies + state.positions.anomalies
        assert not {name: count for name, count in anomalies.items() if count}


def live(life: list[tuple[Step, float]], latency_ns: int, *, hedged: bool) -> None:
    """Give the steps of one life, with its pauses, and check everything all the time."""

    async def scenario(house: House) -> None:
        await house.clock.sleep(2.0)
        engine = await house.engine()
        watch = Watch(house)
        if hedged:
            command_id = house.command_id()
            setting = ChangeSetting(command_id=command_id, symbol="BTCUSDT", hedged=True)
            await house.give(setting, after_s=0.2)
        for (name, step), pause_s in life:
            if name == CRASH:
                await house.crash()
                engine = await house.engine()
            given = step(house)
            if given is not None:
                assert engine.submit(given)  # type: ignore[arg-type]
            if pause_s:
                await house.clock.sleep(pause_s)
                watch.check()
        await house.clock.sleep(QUIET_S)
        watch.check()
        watch.check_at_rest()
        events: list[Event] = house.events()
        assert not any(isinstance(event, OrderAdopted) for event in events)
        await house.stop()
        journal = open_journal(house.journal_path)
        assert recover(journal).encode() == engine.state.encode()
        journal.close()

    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder) / "h", scenario, market(), latency_ns=latency_ns)


@settings(max_examples=30)
@given(lives, latencies, st.booleans())
def test_any_commands_in_any_order_keep_every_invariant(
    life: list[tuple[Step, float]], latency_ns: int, hedged: bool
) -> None:
    live(life, latency_ns, hedged=hedged)


@pytest.mark.slow
@settings(max_examples=1000)
@given(lives, latencies, st.booleans())
def test_a_thousand_lives_keep_every_invariant(
    life: list[tuple[Step, float]], latency_ns: int, hedged: bool
) -> None:
    live(life, latency_ns, hedged=hedged)

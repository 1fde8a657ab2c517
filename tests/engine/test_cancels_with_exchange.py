"""Cancelling many orders at a venue: how few requests it takes, and that nothing is left."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from engine.bootstrap import PAPER_KEY
from engine.core.commands import CancelAll, Kill
from engine.core.events import EventType, OrderEvent
from engine.core.reports import RequestKind
from engine.core.trading import KillRecord
from engine.core.types import KillLevel, OrderState
from engine.exchange.faults.plan import Plan, parse_plan
from engine.router import Lane
from engine.venues.bybit import BybitClient, create_bybit_client
from tests.support.house import CANCEL, CANCEL_ALL, CANCEL_BATCH, House, simulate

D = Decimal
LOOK = "/v5/order/realtime"
TWO_LOOKS = 4
"""A look asks for linear orders and for spot orders."""
LIVE_LANES = (10, 10)


def lanes() -> dict[RequestKind, Lane]:
    return {kind: Lane(*LIVE_LANES) for kind in RequestKind}


def faults(*entries: dict[str, object]) -> Plan:
    return parse_plan((f"fault {number}", entry) for number, entry in enumerate(entries, 1))


async def open_orders(house: House, count: int) -> list[str]:
    """Start an engine and have it place so many orders that rest."""
    await house.clock.sleep(1)
    await house.engine()
    order_ids = [f"o{number}" for number in range(count)]
    for number, order_id in enumerate(order_ids):
        await house.give(house.place(order_id, price=D(50_000 + number)), after_s=0)
        if number % 500 == 499:  # no faster than the limit of orders a second
            await house.clock.sleep(1)
    while len(house.at_venue()) < count:
        await house.clock.sleep(1)
    await house.clock.sleep(1)
    return order_ids


async def place_elsewhere(house: House) -> None:
    """Have somebody else's order rest in the same market."""
    await other_program(house).place_limit_order("web", "BTCUSDT", "Buy", "0.01", "49000")
    await house.clock.sleep(1)


def other_program(house: House) -> BybitClient:
    """Somebody else who trades the same account."""
    return create_bybit_client(
        house.exchange.transport(),
        house.clock,
        api_key=PAPER_KEY,
        api_secret=PAPER_KEY,
        rng=random.Random(1),
    )


async def sent_until_done(house: House, level: KillLevel = KillLevel.KILL) -> Counter[str]:
    """Use the kill switch: every request that left until it said that it was done."""
    before = len(house.posts)
    await house.give(Kill(command_id=house.command_id(), level=level))
    while not killed(house).done:
        await house.clock.sleep(0.05)
    return Counter(house.posts[before:])


def killed(house: House) -> KillRecord:
    record = house.live.state.kill
    assert record is not None
    return record


def seconds(record: KillRecord) -> float:
    return (record.verified_zero_at - record.blocked_at) / 1e9


def cancel_rejects(house: House) -> list[str]:
    return [
        event.client_order_id
        for event in house.events()
        if isinstance(event, OrderEvent) and event.type is EventType.CANCEL_REJECT
    ]


def states(house: House, order_ids: Sequence[str]) -> set[OrderState]:
    return {house.order(order_id).state for order_id in order_ids}


def test_a_kill_of_two_hundred_orders_is_one_request_and_two_looks(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        order_ids = await open_orders(house, 200)
        sent = await sent_until_done(house)
        assert sent == {CANCEL_ALL: 1, LOOK: TWO_LOOKS}
        record = killed(house)
        assert (len(record.targets), record.residual) == (200, ())
        assert seconds(record) < 0.2
        assert house.at_venue() == house.here() == {}
        assert states(house, order_ids) == {OrderState.CANCELED}
        assert cancel_rejects(house) == []

    simulate(tmp_path / "h", scenario)


@pytest.mark.parametrize("level", [KillLevel.KILL, KillLevel.KILL_ALL])
def test_a_kill_of_more_orders_than_one_cancel_all_takes_ends_in_verified_zero(
    tmp_path: Path, level: KillLevel
) -> None:
    async def scenario(house: House) -> None:
        order_ids = await open_orders(house, 1_100)
        sent = await sent_until_done(house, level)
        assert sent[CANCEL_ALL] == 3  # of 500 orders, twice, and the rest
        record = killed(house)
        assert (len(record.targets), record.residual) == (1_100, ())
        assert record.verified_zero_at
        assert seconds(record) < 1
        assert house.at_venue() == house.here() == {}
        assert states(house, order_ids) == {OrderState.CANCELED}
        assert cancel_rejects(house) == []

    simulate(tmp_path / "h", scenario)


def test_a_cancel_all_of_the_console_is_one_request_and_every_order_is_told(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        order_ids = await open_orders(house, 200)
        before = len(house.posts)
        await house.give(CancelAll(command_id="all"), after_s=0.1)
        assert house.posts[before:] == [CANCEL_ALL]
        assert states(house, order_ids) == {OrderState.CANCELED}
        await house.give(house.place("after"), after_s=1)
        assert list(house.at_venue()) == ["after"]

    simulate(tmp_path / "h", scenario)


def test_two_hundred_orders_beside_an_external_one_go_in_ten_batches_and_it_stays(
    tmp_path: Path,
) -> None:
    async def scenario(house: House) -> None:
        order_ids = await open_orders(house, 200)
        await place_elsewhere(house)
        sent = await sent_until_done(house)
        assert sent == {CANCEL_BATCH: 10, LOOK: TWO_LOOKS}
        assert killed(house).verified_zero_at
        assert list(house.at_venue()) == ["web"]
        assert states(house, order_ids) == {OrderState.CANCELED}

    simulate(tmp_path / "h", scenario)


def test_batches_keep_to_the_venues_limits_and_no_cancel_is_refused(tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        await open_orders(house, 50)
        # Not by its own call: somebody else's order is in the same market.
        await place_elsewhere(house)
        sent = await sent_until_done(house)
        assert sent[CANCEL_BATCH] == 5
        assert sent[CANCEL] == 0
        assert killed(house).verified_zero_at
        assert 4.2 < seconds(killed(house)) < 4.8
        assert cancel_rejects(house) == []
        assert list(house.at_venue()) == ["web"]

    simulate(tmp_path / "h", scenario, lanes=lanes(), rate_limits=True)


def test_f13_items_that_the_venue_turns_away_are_sent_again_and_no_others(tmp_path: Path) -> None:
    plan = faults({"kind": "item_refused", "on": "cancel-batch", "nth": [2, 5, 6]})

    async def scenario(house: House) -> None:
        await open_orders(house, 8)
        await place_elsewhere(house)
        known = len(house.requests)
        before = len(house.posts)
        await house.give(CancelAll(command_id="all"), after_s=3)
        assert Counter(house.posts[before:])[CANCEL_BATCH] == 2
        assert [order_id for _, order_id in house.requests[known:]] == [
            *(f"o{number}" for number in range(8)),
            *("o1", "o4", "o5"),
        ]
        assert list(house.at_venue()) == ["web"]
        assert cancel_rejects(house) == []

    simulate(tmp_path / "h", scenario, faults=plan)


def test_f14_a_batch_whose_answer_is_lost_is_settled_by_the_order_stream(tmp_path: Path) -> None:
    plan = faults({"kind": "ack_lost", "on": "cancel-batch", "nth": 1})

    async def scenario(house: House) -> None:
        order_ids = await open_orders(house, 8)
        await place_elsewhere(house)
        await house.give(CancelAll(command_id="all"), after_s=5)
        assert states(house, order_ids) == {OrderState.CANCELED}

    simulate(tmp_path / "h", scenario, faults=plan)


def test_f14_a_batch_that_never_arrived_is_settled_order_by_order(tmp_path: Path) -> None:
    plan = faults({"kind": "request_lost", "on": "cancel-batch", "nth": 1})

    async def scenario(house: House) -> None:
        order_ids = await open_orders(house, 8)
        await place_elsewhere(house)
        await house.give(CancelAll(command_id="all"), after_s=30)
        # Nobody could say; each was looked up, and stands as it is.
        assert states(house, order_ids) == {OrderState.NEW}
        sent = await sent_until_done(house)
        assert sent[CANCEL_BATCH] == 1
        assert killed(house).verified_zero_at
        assert list(house.at_venue()) == ["web"]

    simulate(tmp_path / "h", scenario, faults=plan)


def test_f47_where_cancel_all_takes_none_the_orders_go_in_batches(tmp_path: Path) -> None:
    plan = faults({"kind": "refuse", "on": "cancel-all", "code": 10016, "every": 1})

    async def scenario(house: House) -> None:
        await open_orders(house, 30)
        sent = await sent_until_done(house)
        assert (sent[CANCEL_ALL], sent[CANCEL_BATCH], sent[CANCEL]) == (1, 2, 0)
        assert killed(house).verified_zero_at
        assert house.at_venue() == {}

    simulate(tmp_path / "h", scenario, faults=plan)


def test_f48_a_kill_while_rest_is_banned_cancels_one_by_one_over_the_trade_stream(
    tmp_path: Path,
) -> None:
    plan = faults({"kind": "ban", "on": "cancel-all", "nth": 1})

    async def scenario(house: House) -> None:
        order_ids = await open_orders(house, 30)
        before = len(house.posts)
        await house.give(Kill(command_id="k"), after_s=1)
        assert house.posts[before:] == [CANCEL_ALL]  # the last request that left by REST
        assert [path for path, _ in house.requests[-30:]] == [CANCEL] * 30
        assert house.at_venue() == {}
        assert states(house, order_ids) == {OrderState.CANCELED}
        await house.clock.sleep(70)
        record = killed(house)
        # The venue could not be asked to show zero, and the switch does not say that it did.
        assert (record.done, record.verified_zero_at) == (True, 0)
        assert CANCEL_BATCH not in house.posts

    simulate(tmp_path / "h", scenario, faults=plan, trade_socket=True)

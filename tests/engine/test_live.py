"""A real account over real sockets, as a console starts it: the exchange is at the other end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from console.replica import Replica
from engine.config import AccountConfig, Credentials
from engine.core.commands import CancelOrder, PlaceOrder
from engine.core.types import OrderState, Side
from engine.journal import JournalLocked
from engine.live import LiveRefused, start_live
from engine.paths import find_running
from tests.support.embedded import PATIENCE_S, Screen
from tests.support.served import KEY, SECRET, Served, served

D = Decimal


@pytest.fixture(scope="module")
def exchange() -> Iterator[Served]:
    with served() as found:
        yield found


def account(url: str, name: str = "desk") -> AccountConfig:
    return AccountConfig(
        name=name, url=url, symbols=("BTCUSDT",), credentials=Credentials("env", "DESK")
    )


@contextmanager
def started(folder: Path, traded: AccountConfig, secret: str = SECRET) -> Iterator[Screen]:
    engine = start_live(
        traded,
        seed=1,
        state_dir=folder / "state",
        env={"XDG_RUNTIME_DIR": str(folder), "DESK_API_KEY": KEY, "DESK_API_SECRET": secret},
        version="1.0",
    )
    try:
        yield Screen(engine)
    finally:
        engine.stop()
        assert engine.join(PATIENCE_S)


def is_ready(replica: Replica) -> bool:
    return replica.status is not None and replica.status.ready


def in_state(replica: Replica, order_id: str, state: OrderState) -> bool:
    order = replica.state.orders.get_order(order_id)
    return order is not None and order.state is state


def place(screen: Screen, order_id: str, price: str) -> None:
    order = PlaceOrder(
        command_id=f"c-{order_id}",
        client_order_id=order_id,
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=D("0.01"),
        price=D(price),
    )
    screen.link.submit(order)


def test_orders_live_fill_and_end_over_the_wire(tmp_path: Path, exchange: Served) -> None:
    with started(tmp_path, account(exchange.url)) as screen:
        screen.sees(lambda replica: is_ready(replica) and "BTCUSDT" in replica.quotes)
        status = screen.replica.status
        assert status is not None
        assert (status.mode, status.account) == ("LOCAL", "desk")
        place(screen, "rests", "58000")
        screen.sees(lambda replica: in_state(replica, "rests", OrderState.NEW))
        place(screen, "takes", "63000")
        screen.sees(lambda replica: in_state(replica, "takes", OrderState.FILLED))
        assert screen.replica.state.positions.get_position("BTCUSDT").qty == D("0.01")
        screen.link.submit(CancelOrder(command_id="c-1", client_order_id="rests"))
        screen.sees(lambda replica: in_state(replica, "rests", OrderState.CANCELED))
        running = find_running(tmp_path / "state")
        assert running is not None
    assert find_running(tmp_path / "state") is None


def test_an_order_survives_the_engine_and_a_lost_line(tmp_path: Path, exchange: Served) -> None:
    with started(tmp_path, account(exchange.url)) as screen:
        screen.sees(is_ready)
        place(screen, "stays", "58000")
        screen.sees(lambda replica: in_state(replica, "stays", OrderState.NEW))
    with started(tmp_path, account(exchange.url)) as screen:
        screen.sees(is_ready)
        assert in_state(screen.replica, "stays", OrderState.NEW)
        exchange.drop()
        screen.sees(lambda replica: not is_ready(replica))
        screen.sees(is_ready)
        screen.link.submit(CancelOrder(command_id="c-2", client_order_id="stays"))
        screen.sees(lambda replica: in_state(replica, "stays", OrderState.CANCELED))


def test_a_second_engine_on_the_account_is_refused(tmp_path: Path, exchange: Served) -> None:
    with (
        started(tmp_path, account(exchange.url)),
        pytest.raises(JournalLocked),
        started(tmp_path, account(exchange.url)),
    ):
        pass


def test_a_wrong_secret_ends_the_start_and_is_not_shown(tmp_path: Path, exchange: Served) -> None:
    canary = "canary-77aa"
    with (
        pytest.raises(LiveRefused, match="account desk: local could not be asked") as refused,
        started(tmp_path, account(exchange.url), secret=canary),
    ):
        pass
    assert canary not in str(refused.value)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in kept if canary.encode() in path.read_bytes()] == []


def test_a_venue_that_is_not_there_ends_the_start(tmp_path: Path) -> None:
    nowhere = account("http://127.0.0.1:9", name="far")
    with (
        pytest.raises(LiveRefused, match=r"account far: .*no connection: Connection refused"),
        started(tmp_path, nowhere),
    ):
        pass

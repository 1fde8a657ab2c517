"""A real account over real sockets, as a console starts it: the exchange is at the other end."""

from __future__ import annotations

import gc
import logging
import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from console.cli.commands.status import ask
from console.replica import Replica
from engine.config import AccountConfig, Credentials
from engine.core.commands import CancelOrder, PlaceOrder
from engine.core.events import KeyNoted
from engine.core.settings import MarketSettings
from engine.core.status import VenueJoin
from engine.core.types import JoinState, OrderState, Side
from engine.exchange import settings as exchange_settings
from engine.hosts import disconnect
from engine.hosts.live import LiveRefused, start_live
from engine.hosts.serving import Site
from engine.journal.errors import JournalLocked
from engine.paths import find_running
from tests.support.embedded import PATIENCE_S, Screen
from tests.support.served import KEY, SECRET, Served, served

D = Decimal


@pytest.fixture(scope="module")
def exchange() -> Iterator[Served]:
    with served() as found:
        yield found


def account(url: str, name: str = "desk", dcp_s: int | None = None) -> AccountConfig:
    return AccountConfig(
        name=name,
        url=url,
        symbols=("BTCUSDT",),
        credentials=Credentials("env", "DESK"),
        dcp_s=dcp_s,
    )


@contextmanager
def started(folder: Path, traded: AccountConfig, secret: str = SECRET) -> Iterator[Screen]:
    env = {"XDG_RUNTIME_DIR": str(folder), "DESK_API_KEY": KEY, "DESK_API_SECRET": secret}
    engine = start_live(Site(folder / "state", env, "1.0"), traded, seed=1)
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
        assert screen.replica.state.settings == {
            "BTCUSDT": MarketSettings("BTCUSDT", leverage=D(10))
        }
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


def test_f97_a_wrong_secret_ends_the_start_and_neither_it_nor_the_key_is_shown(
    tmp_path: Path, exchange: Served, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canary-77aa"
    caplog.set_level(logging.DEBUG)
    with (
        pytest.raises(
            LiveRefused, match=r"account desk: local refused the key: .*10004"
        ) as refused,
        started(tmp_path, account(exchange.url), secret=canary),
    ):
        pass
    assert "***" in str(refused.value), "the venue repeats what was signed"
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    shown = [*variables_of(refused.value), str(refused.value), caplog.text, *map(str, kept)]
    assert [text for text in shown if canary in text or KEY in text] == []


def variables_of(error: BaseException | None) -> Iterator[str]:
    """What a traceback with variables shows of the program's own frames, causes included."""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            module = frame.f_globals.get("__name__", "")
            if module.startswith("engine.") and frame.f_code.co_name != "start_live":
                yield from (repr(value) for value in frame.f_locals.values())
        error = error.__cause__ or error.__context__


def parts_of(whole: object) -> Iterator[object]:
    """Every object of the engine's own types that can be reached from `whole`."""
    seen, waiting = {id(whole)}, [whole]
    while waiting:
        found = waiting.pop()
        home = type(found).__module__
        if home.startswith("engine.") and not home.startswith("engine.exchange"):
            yield found
        for part in gc.get_referents(found):
            if id(part) not in seen and not isinstance(part, type | ModuleType):
                seen.add(id(part))
                waiting.append(part)


def test_f97_nothing_that_an_engine_keeps_or_tells_has_key_or_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key, secret = "canary-key-1b", "canary-secret-2c"
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "desk.key"
    file.touch(0o600)
    file.write_text(f'api_key = "{key}"\napi_secret = "{secret}"\n')
    with served(key=key, secret=secret) as exchange:
        traded = msgspec.structs.replace(
            account(exchange.url), credentials=Credentials("file", str(file))
        )
        with started(tmp_path, traded) as screen:
            screen.sees(is_ready)
            place(screen, "rests", "58000")
            screen.sees(lambda replica: in_state(replica, "rests", OrderState.NEW))
            exchange.drop()
            screen.sees(lambda replica: not is_ready(replica))
            screen.sees(is_ready)
            running = find_running(tmp_path / "state")
            assert running is not None
            told = [ask(running, path) for path in ("/status", "/metrics")]
            made = [repr(found) for found in parts_of(screen.engine)]
    assert any("RestSession" in text for text in made)
    kept = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    shown = [*map(str, told), *map(str, kept), *made, caplog.text]
    assert [text for text in shown if key in text or secret in text] == []


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def join_of(replica: Replica) -> VenueJoin:
    return replica.status.join if replica.status is not None else VenueJoin()


def test_an_account_whose_venue_is_away_opens_on_its_journal_and_joins_when_it_is_back(
    tmp_path: Path, exchange: Served
) -> None:
    with started(tmp_path, account(exchange.url)) as screen:
        screen.sees(is_ready)
        place(screen, "kept", "58000")
        screen.sees(lambda replica: in_state(replica, "kept", OrderState.NEW))
    port = free_port()
    with started(tmp_path, account(f"http://127.0.0.1:{port}")) as screen:
        screen.sees(lambda replica: join_of(replica).state is JoinState.UNREACHABLE)
        assert in_state(screen.replica, "kept", OrderState.NEW)
        assert join_of(screen.replica).error == "no connection: Connection refused"
        assert not is_ready(screen.replica)
        place(screen, "early", "58000")
        screen.sees(lambda replica: in_state(replica, "early", OrderState.DENIED))
        early = screen.replica.state.orders.get_order("early")
        assert early is not None
        assert early.reason == "VENUE_AWAY"
        with served(port=port):
            screen.sees(is_ready)
            assert join_of(screen.replica) == VenueJoin()


def test_f32_what_speaks_against_the_key_is_told_at_the_start_and_in_the_status(
    tmp_path: Path, exchange: Served
) -> None:
    with started(tmp_path, account(exchange.url)) as screen:
        screen.sees(is_ready)
        status = screen.replica.status
        assert status is not None
        assert status.warnings == ("the key works from every address: bind it to this one",)
        screen.sees(lambda replica: any(isinstance(e.event, KeyNoted) for e in replica.log))


def test_an_account_that_asks_for_it_is_protected_by_the_venue_and_says_so(
    tmp_path: Path, exchange: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disconnect, "EFFECTIVE_AFTER_S", 0.01)
    with started(tmp_path, account(exchange.url, dcp_s=30)) as screen:
        screen.sees(lambda replica: replica.status is not None and replica.status.dcp.holds)
        status = screen.replica.status
        assert status is not None
        assert (status.dcp.wanted_s, status.dcp.set_s) == (30, 30)
        assert "dcp.future" in exchange.exchange.accounts[KEY].topics


def test_an_account_without_the_protection_that_it_asks_for_is_not_traded(
    tmp_path: Path, exchange: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(exchange_settings.PRODUCTS, "DERIVATIVES")
    with (
        pytest.raises(LiveRefused, match=r"account desk: dcp_s: the venue has no disconnect"),
        started(tmp_path, account(exchange.url, dcp_s=30)),
    ):
        pass
    assert find_running(tmp_path / "state") is None

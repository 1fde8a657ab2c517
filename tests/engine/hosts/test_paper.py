from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path

import pytest

from engine.clock import NS, SimClock
from engine.core.commands import PlaceOrder
from engine.core.limits import PAPER_LIMITS
from engine.core.types import OrderState, Side
from engine.exchange import create_exchange
from engine.exchange.errors import RecordingError
from engine.exchange.sources.synthetic import create_synthetic
from engine.hosts.embedded import EmbeddedEngine
from engine.hosts.paper import PaperMarket, start_paper
from engine.hosts.serving import Site
from engine.paths import find_running
from tests.support.embedded import PATIENCE_S, Screen, is_ready
from tests.support.market import T0, Line, Market, book, ticker

D = Decimal


def rising(seconds: int) -> Market:
    """A market whose mark rises by one a second."""
    frames: list[Line] = [book(0, [("60000.0", "10")], [("60000.1", "10")])]
    frames += [ticker(second, str(60_000 + second)) for second in range(seconds + 1)]
    return Market(*frames)


def recording(folder: Path, seconds: int) -> Path:
    path = folder / "market.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(rising(seconds).lines)))
    return path


@contextmanager
def started(
    folder: Path, *replay: Path, metrics_port: int | None = None, **options: object
) -> Iterator[Screen]:
    site = Site(folder / "state", {"XDG_RUNTIME_DIR": str(folder)}, "1.0", metrics_port)
    given: dict[str, object] = {"seed": 7, "limits": PAPER_LIMITS, **options}
    engine: EmbeddedEngine = start_paper(
        site,
        replay=list(replay),
        **given,  # type: ignore[arg-type]
    )
    try:
        yield Screen(engine)
    finally:
        engine.stop()
        assert engine.join(PATIENCE_S)


def mark(screen: Screen) -> Decimal:
    quote = screen.replica.quotes.get("BTCUSDT")
    return D(0) if quote is None or quote.mark is None else quote.mark


def test_a_recording_is_played_to_its_end_at_max_speed_and_says_where_it_stands(
    tmp_path: Path,
) -> None:
    with started(tmp_path, recording(tmp_path, 600), speed="max") as screen:
        screen.sees(
            lambda replica: (
                replica.status is not None
                and replica.status.replay is not None
                and replica.status.replay.finished
            )
        )
        status = screen.replica.status
        assert status is not None
        assert status.mode == "REPLAY"
        replay = status.replay
        assert replay is not None
        assert (replay.first_ts, replay.last_ts, replay.now_ts, replay.speed, replay.paused) == (
            T0,
            T0 + 600 * NS,
            T0 + 600 * NS,
            "max",
            False,
        )
        assert mark(screen) == 60_600
        # The clock is the market's, and does not run away once there is nothing to hurry to.
        assert status.ts < T0 + 600 * NS + 3600 * NS


def test_orders_are_answered_in_a_market_that_is_paused_at_any_speed(tmp_path: Path) -> None:
    with started(tmp_path, recording(tmp_path, 20_000), speed="200") as screen:
        screen.sees(lambda replica: is_ready(replica) and mark(screen) > 60_000)
        screen.link.pause_replay(True)
        screen.sees(
            lambda replica: (
                replica.status is not None
                and replica.status.replay is not None
                and replica.status.replay.paused
            )
        )
        held = mark(screen)
        order = PlaceOrder(
            command_id="c1",
            client_order_id="a1",
            symbol="BTCUSDT",
            side=Side.BUY,
            qty=D("0.010"),
            price=D("60000.1"),
        )
        screen.link.submit(order)
        screen.sees(lambda replica: replica.order("a1"))
        screen.sees(lambda _: screen.order("a1").state is OrderState.FILLED)
        assert mark(screen) == held
        screen.link.pause_replay(False)
        screen.sees(lambda _: mark(screen) > held)


def test_a_recording_that_was_cut_off_plays_to_its_cut_and_says_so(tmp_path: Path) -> None:
    whole = recording(tmp_path, 600)
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(whole.read_bytes()[:-200])
    with started(tmp_path, cut, speed="max") as screen:
        screen.sees(
            lambda replica: (
                replica.status and replica.status.replay and replica.status.replay.faults
            )
        )
        status = screen.replica.status
        assert status is not None
        assert status.replay is not None
        assert status.replay.faults == 1
        assert status.replay.fault.startswith("cut.jsonl.gz:")
        assert status.replay.fault.endswith("the file ends in the middle: its recorder was stopped")


def test_the_port_that_was_free_is_told(tmp_path: Path) -> None:
    with started(tmp_path, metrics_port=0) as screen:
        screen.sees(lambda replica: replica.status and replica.status.metrics_port)
        status = screen.replica.status
        assert status is not None
        assert status.metrics_port is not None
        with closing(
            HTTPConnection("127.0.0.1", status.metrics_port, timeout=PATIENCE_S)
        ) as client:
            client.request("GET", "/health")
            assert client.getresponse().status in (200, 503)


def test_every_recording_and_every_seed_has_a_journal_of_its_own(tmp_path: Path) -> None:
    market = recording(tmp_path, 10)
    for options in ({"seed": 1}, {"seed": 2}):
        with started(tmp_path, **options) as screen:
            screen.sees(is_ready)
            assert screen.replica.status is not None
            assert (screen.replica.status.mode, screen.replica.status.replay) == ("PAPER", None)
    with started(tmp_path, market) as screen:
        screen.sees(lambda replica: replica.state.run)
        assert screen.replica.state.run == 1
    journals = sorted(path.parent.name for path in (tmp_path / "state").glob("*/journal.db"))
    assert [name.partition("-")[0] for name in journals] == ["replay", "seed", "seed"]


def test_a_running_engine_can_be_found_and_one_that_ended_cannot(tmp_path: Path) -> None:
    with started(tmp_path) as screen:
        screen.sees(is_ready)
        found = find_running(tmp_path / "state")
        assert found is not None
        assert found.pid == os.getpid()
        assert Path(found.socket).exists()
    assert find_running(tmp_path / "state") is None
    assert not Path(found.socket).exists()


def test_a_market_that_cannot_be_read_is_an_error_of_the_start(tmp_path: Path) -> None:
    with (
        pytest.raises(RecordingError, match=r"none\.jsonl: cannot be read"),
        started(tmp_path, tmp_path / "none.jsonl"),
    ):
        pass


def test_a_market_hurries_only_while_there_is_something_to_hurry_to() -> None:
    clock = SimClock(T0)
    exchange = create_exchange(clock, rising(1))
    exchange.start()
    market, fastest = PaperMarket(exchange, "5"), PaperMarket(exchange, "max")
    assert (market.factor(), fastest.factor()) == (5.0, None)
    fastest.pause()
    fastest.pause()
    assert fastest.factor() == 1.0
    fastest.resume()
    while clock.fire_next():
        pass
    assert (market.factor(), fastest.factor()) == (1.0, 1.0)
    status = fastest.status()
    assert status is not None
    assert status.finished


def test_a_made_up_market_has_no_end_and_no_progress() -> None:
    exchange = create_exchange(SimClock(T0), create_synthetic(1, T0))
    assert PaperMarket(exchange, "1").status() is None

"""The control server over real sockets: who is answered, what, and who is not."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from engine.control.health import Health, HealthStatus, PositionLine, StatusDocument
from engine.control.server import ControlServer, create_control_server
from engine.core.status import ReconcileStatus
from engine.core.types import TradingState
from engine.errors import ControlError

WELL = Health(
    status=HealthStatus.OK,
    ready=True,
    account="paper",
    mode="PAPER",
    trading=TradingState.ACTIVE,
    links={"private": True, "public": True},
    journal_lag_s=0.0,
    loop_lag_s=0.0,
    reconcile_age_s=1.0,
    open_orders=2,
    unknown_orders=0,
    uptime_s=3.0,
)
METRICS = "# HELP orders_placed_total Orders\n# TYPE orders_placed_total counter\n"


class Source:
    """An engine that says what it is told to."""

    def __init__(self) -> None:
        self.now = WELL

    def health(self) -> Health:
        return self.now

    async def metrics_text(self) -> str:
        return METRICS

    def status(self) -> StatusDocument:
        return StatusDocument(
            version="1",
            pid=7,
            health=self.now,
            trading_by="",
            trading_reason="",
            orders={},
            positions=(
                PositionLine(
                    symbol="BTCUSDT",
                    qty=Decimal("1E+2"),
                    avg_entry_price=None,
                    mark_price=None,
                    unrealized_pnl=None,
                    realized_pnl=Decimal("1E-8"),
                    fees=Decimal(0),
                    currency="USDT",
                ),
            ),
            requests=(),
            reconcile=ReconcileStatus(),
            replay=None,
            kill=None,
        )


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


Ask = Callable[..., Awaitable[Answer]]


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes
) -> Answer:
    writer.write(raw)
    answer = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return Answer(int(first.split()[1]), headers, body)


def request(target: str, *, method: str = "GET", host: str = "tradedeck", extra: str = "") -> bytes:
    lines = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{extra}\r\n"
    return lines.encode()


def serve(
    tmp_path: Path,
    check: Callable[[ControlServer, Source], Awaitable[None]],
    *,
    metrics_port: int | None = None,
) -> None:
    async def main() -> None:
        source = Source()
        server = create_control_server(
            source, socket_path=tmp_path / "own" / "control.sock", metrics_port=metrics_port
        )
        await server.start()
        try:
            await check(server, source)
        finally:
            await server.close()

    asyncio.run(main())


async def ask_socket(server: ControlServer, raw: bytes) -> Answer:
    return await exchange(*await asyncio.open_unix_connection(str(server.socket_path)), raw)


async def ask_port(server: ControlServer, raw: bytes) -> Answer:
    return await exchange(*await asyncio.open_connection("127.0.0.1", server.metrics_port), raw)


def test_health_is_200_when_well_and_503_when_not(tmp_path: Path) -> None:
    async def check(server: ControlServer, source: Source) -> None:
        well = await ask_socket(server, request("/health"))
        assert (well.status, well.headers["content-type"]) == (
            200,
            "application/json; charset=utf-8",
        )
        assert msgspec.json.decode(well.body, type=Health) == WELL
        for status in set(HealthStatus) - {HealthStatus.OK}:
            source.now = msgspec.structs.replace(WELL, status=status)
            answer = await ask_socket(server, request("/health"))
            assert (answer.status, msgspec.json.decode(answer.body)["status"]) == (503, status)

    serve(tmp_path, check)


def test_metrics_and_status_are_served_on_the_socket(tmp_path: Path) -> None:
    async def check(server: ControlServer, source: Source) -> None:
        metrics = await ask_socket(server, request("/metrics"))
        assert (metrics.status, metrics.body) == (200, METRICS.encode())
        assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        answer = await ask_socket(server, request("/status"))
        assert msgspec.json.decode(answer.body, type=StatusDocument) == source.status()
        assert b'"qty":"100"' in answer.body
        assert b'"realized_pnl":"0.00000001"' in answer.body

    serve(tmp_path, check)


def test_f99_the_socket_is_for_its_owner_alone(tmp_path: Path) -> None:
    async def check(server: ControlServer, _source: Source) -> None:
        assert stat.S_IMODE(server.socket_path.stat().st_mode) == 0o600
        assert stat.S_IMODE(server.socket_path.parent.stat().st_mode) == 0o700

    serve(tmp_path, check)


def test_f99_a_process_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.geteuid()

    async def check(server: ControlServer, _source: Source) -> None:
        monkeypatch.setattr("engine.control.server.os.geteuid", lambda: real + 1)
        monkeypatch.setattr("engine.control.server.TRUSTED_UIDS", frozenset())
        answer = await ask_socket(server, request("/health"))
        assert (answer.status, answer.body) == (403, b'{"error":"this user is refused"}')

    serve(tmp_path, check)


def test_the_port_serves_health_and_metrics_on_loopback_and_nothing_else(tmp_path: Path) -> None:
    async def check(server: ControlServer, _source: Source) -> None:
        host = f"127.0.0.1:{server.metrics_port}"
        assert server.metrics_port != 0
        assert (await ask_port(server, request("/health", host=host))).status == 200
        assert (await ask_port(server, request("/metrics", host=host))).status == 200
        answer = await ask_port(server, request("/status", host=host))
        assert (answer.status, answer.body) == (
            404,
            b'{"error":"not found; try /health or /metrics"}',
        )

    serve(tmp_path, check, metrics_port=0)


def test_f98_only_this_machines_own_names_are_answered_on_the_port(tmp_path: Path) -> None:
    async def check(server: ControlServer, _source: Source) -> None:
        port = server.metrics_port or 0
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"):
            assert (await ask_port(server, request("/health", host=host))).status == 200
        foreign = ("example.com", f"example.com:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", "")
        for host in foreign:
            for target in ("/health", "/metrics", "/nothing"):
                assert (await ask_port(server, request(target, host=host))).status == 403
        nameless = b"GET /health HTTP/1.0\r\n\r\n"
        assert (await ask_port(server, nameless)).status == 403
        twice = request("/health", host=f"127.0.0.1:{port}", extra="Host: example.com\r\n")
        assert (await ask_port(server, twice)).status in (400, 403)

    serve(tmp_path, check, metrics_port=0)


@pytest.mark.parametrize(
    "header",
    [
        "Origin: null",
        "Origin: http://127.0.0.1",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ],
)
def test_f98_web_pages_are_refused_on_the_port_and_on_the_socket(
    tmp_path: Path, header: str
) -> None:
    async def check(server: ControlServer, _source: Source) -> None:
        host = f"127.0.0.1:{server.metrics_port}"
        extra = f"{header}\r\n"
        assert (await ask_port(server, request("/health", host=host, extra=extra))).status == 403
        assert (await ask_socket(server, request("/health", extra=extra))).status == 403

    serve(tmp_path, check, metrics_port=0)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"])
def test_f98_every_other_method_is_refused(tmp_path: Path, method: str) -> None:
    async def check(server: ControlServer, _source: Source) -> None:
        for target in ("/health", "/kill"):
            answer = await ask_socket(server, request(target, method=method))
            assert (answer.status, answer.headers["allow"]) == (405, "GET")

    serve(tmp_path, check)


@pytest.mark.parametrize(
    "extra", ["Content-Length: 1000000000\r\n", "Transfer-Encoding: chunked\r\n"]
)
def test_f98_a_body_is_refused_before_it_is_read(tmp_path: Path, extra: str) -> None:
    async def check(server: ControlServer, _source: Source) -> None:
        answer = await ask_socket(server, request("/health", extra=extra))
        assert answer.status == 413

    serve(tmp_path, check)


@pytest.mark.parametrize(
    "raw",
    [
        request("/health", extra="Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: t\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: t\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
    ],
)
def test_f98_malformed_requests_are_refused_in_silence(
    tmp_path: Path, raw: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    async def check(server: ControlServer, _source: Source) -> None:
        assert (await ask_socket(server, raw)).status == 400
        assert (await ask_socket(server, request("/health"))).status == 200

    serve(tmp_path, check)
    assert capfd.readouterr() == ("", "")


def test_an_engine_that_fails_to_answer_says_so_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def check(server: ControlServer, source: Source) -> None:
        del source.now
        assert (await ask_socket(server, request("/health"))).status == 500

    serve(tmp_path, check)
    assert capfd.readouterr() == ("", "")


def test_the_socket_goes_with_the_server(tmp_path: Path) -> None:
    left: list[Path] = []

    async def check(server: ControlServer, _source: Source) -> None:
        left.append(server.socket_path)
        assert server.socket_path.is_socket()

    serve(tmp_path, check)
    assert not left[0].exists()


def test_the_socket_of_an_engine_that_died_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "own" / "control.sock"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    async def check(server: ControlServer, _source: Source) -> None:
        assert (await ask_socket(server, request("/health"))).status == 200

    serve(tmp_path, check)


def test_a_second_engine_is_refused_and_leaves_the_first_alone(tmp_path: Path) -> None:
    async def check(server: ControlServer, source: Source) -> None:
        second = create_control_server(source, socket_path=server.socket_path)
        with pytest.raises(ControlError, match="an engine already runs here"):
            await second.start()
        assert (await ask_socket(server, request("/health"))).status == 200

    serve(tmp_path, check)


def test_what_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    path.write_text("precious")
    server = create_control_server(Source(), socket_path=path)
    with pytest.raises(ControlError, match=r"control\.sock: is not a socket; move it away"):
        asyncio.run(server.start())
    assert path.read_text() == "precious"


def test_a_socket_that_another_engine_has_put_there_is_left(tmp_path: Path) -> None:
    async def check(server: ControlServer, _source: Source) -> None:
        server.socket_path.unlink()
        server.socket_path.write_text("another's")

    serve(tmp_path, check)
    assert (tmp_path / "own" / "control.sock").read_text() == "another's"


def test_a_socket_that_was_taken_away_is_no_trouble(tmp_path: Path) -> None:
    async def check(server: ControlServer, _source: Source) -> None:
        server.socket_path.unlink()

    serve(tmp_path, check)


def test_a_port_that_is_taken_is_named_and_nothing_stays_open(tmp_path: Path) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            path = tmp_path / "control.sock"
            server = create_control_server(Source(), socket_path=path, metrics_port=port)
            with pytest.raises(ControlError) as refused:
                await server.start()
            assert str(refused.value) == (
                f"127.0.0.1:{port}: cannot serve metrics here: Address already in use; "
                "use another --metrics-port, or 0 for any"
            )
            assert not path.exists()

    asyncio.run(main())


def test_a_socket_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120)
    with pytest.raises(ControlError, match="cannot open the control socket: AF_UNIX path too long"):
        asyncio.run(create_control_server(Source(), socket_path=path).start())

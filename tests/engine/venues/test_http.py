"""Requests over kept connections, byte by byte: what is reused, what is lost, what is refused."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable

import pytest

from engine.venues import http
from engine.venues.http import HttpPool, NetworkReply
from tests.support.lines import Line, Lines, turns

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
OURS = b"Host: venue:80\r\nUser-Agent: tradedeck\r\nAccept-Encoding: gzip\r\n"
ASKED = b"GET /time HTTP/1.1\r\n%b\r\n" % OURS
PACKED, TOO_LARGE = (gzip.compress(body, mtime=0) for body in (b"plain", b"x" * 101))
TORN = PACKED[:-1]
Asked = asyncio.Task[NetworkReply]


class Desk:
    """A pool, and the connections that it opens."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.lines = Lines()
        self.patch = patch
        patch.setattr(http, "connect", self.lines.connect)
        self.pool = HttpPool("http://venue:80")

    async def ask(self, method: str = "GET", body: bytes = b"") -> Asked:
        """Begin a request; it has left by then."""
        task = asyncio.create_task(self.pool.request(method, "/time", body, {}))
        await turns()
        return task

    async def answered(self, answer: bytes, line: int = -1) -> NetworkReply:
        """A request and its answer."""
        task = await self.ask()
        self.lines.opened[line].say(answer)
        return await task

    @property
    def line(self) -> Line:
        return self.lines.opened[-1]


Scenario = Callable[[Desk], Awaitable[None]]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[Scenario], None]:
    """Plays a scenario on a loop of its own."""

    async def main(scenario: Scenario) -> None:
        await scenario(Desk(monkeypatch))

    return lambda scenario: asyncio.run(main(scenario))


Play = Callable[[Scenario], None]


def test_a_connection_is_used_again(play: Play) -> None:
    async def scenario(desk: Desk) -> None:
        for _ in range(3):
            assert await desk.answered(OK) == NetworkReply(200, {"Content-Length": "2"}, b"{}")
            assert desk.line.take() == ASKED
        assert len(desk.lines.opened) == 1

    play(scenario)


def test_what_has_a_body_says_how_long_it_is(play: Play) -> None:
    async def scenario(desk: Desk) -> None:
        for body in (b"{}", b""):
            task = await desk.ask("POST", body)
            assert desk.line.take().endswith(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            desk.line.say(OK)
            await task

    play(scenario)


def test_requests_at_a_time_have_a_connection_each_and_the_last_one_used_is_taken(
    play: Play,
) -> None:
    async def scenario(desk: Desk) -> None:
        tasks = [await desk.ask() for _ in range(2)]
        for line in desk.lines.opened:
            line.say(OK)
        await asyncio.gather(*tasks)
        await desk.answered(OK, line=1)
        assert [len(line.take()) // len(ASKED) for line in desk.lines.opened] == [1, 2]

    play(scenario)


def test_no_more_are_open_than_allowed(monkeypatch: pytest.MonkeyPatch, play: Play) -> None:
    monkeypatch.setattr(http, "MAX_CONNECTIONS", 1)

    async def scenario(desk: Desk) -> None:
        first, second = await desk.ask(), await desk.ask()
        assert desk.line.take() == ASKED
        desk.line.say(OK)
        await first
        await turns()
        assert desk.line.take() == ASKED
        desk.line.say(OK)
        await second
        assert len(desk.lines.opened) == 1

    play(scenario)


def test_a_connection_that_was_idle_for_long_is_left(
    monkeypatch: pytest.MonkeyPatch, play: Play
) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.answered(OK)
        monkeypatch.setattr(http, "IDLE_S", -1.0)
        await desk.answered(OK)
        assert [line.is_aborted for line in desk.lines.opened] == [True, False]

    play(scenario)


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"1.1", b"1.0"),
        OK + OK,
        OK + b"HTTP",
    ],
)
def test_a_connection_is_left_where_it_ends_or_says_too_much(play: Play, answer: bytes) -> None:
    async def scenario(desk: Desk) -> None:
        assert (await desk.answered(answer)).body == b"{}"
        await desk.answered(OK)
        assert len(desk.lines.opened) == 2

    play(scenario)


def test_what_nobody_asked_for_ends_the_connection(play: Play) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.answered(OK)
        desk.line.say(OK)
        assert desk.line.is_aborted
        await desk.answered(OK)
        assert len(desk.lines.opened) == 2

    play(scenario)


def test_a_get_is_asked_again_where_a_kept_connection_was_closed(play: Play) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.answered(OK)
        task = await desk.ask()
        desk.line.lose(ConnectionResetError())
        await turns()
        assert [line.take() for line in desk.lines.opened] == [ASKED * 2, ASKED]
        desk.line.say(OK)
        assert (await task).status == 200

    play(scenario)


@pytest.mark.parametrize(
    ("method", "begins", "is_kept"),
    [("POST", b"", True), ("GET", b"HTTP/1.1 200", True), ("GET", b"", False)],
)
def test_nothing_else_is_sent_twice(play: Play, method: str, begins: bytes, is_kept: bool) -> None:
    async def scenario(desk: Desk) -> None:
        if is_kept:
            await desk.answered(OK)
        task = await desk.ask(method)
        if begins:
            desk.line.say(begins)
        desk.line.lose()
        with pytest.raises(ConnectionError, match="the connection was lost"):
            await task
        assert len(desk.lines.opened) == 1

    play(scenario)


def test_a_connection_that_is_lost_as_soon_as_it_is_made_is_one(play: Play) -> None:
    async def scenario(desk: Desk) -> None:
        connect = desk.lines.connect

        async def lost(address: object, protocol: asyncio.Protocol) -> None:
            await connect(address, protocol)
            desk.line.lose()
            await turns()

        desk.patch.setattr(http, "connect", lost)
        with pytest.raises(ConnectionError, match="the connection was lost"):
            await desk.pool.request("POST", "/time", b"", {})
        assert desk.line.take() == b""
        await desk.pool.close()

    play(scenario)


def test_no_connection_is_told_as_it_is(play: Play) -> None:
    async def scenario(desk: Desk) -> None:
        desk.lines.refusal = ConnectionError("no connection: Connection refused")
        with pytest.raises(ConnectionError, match="Connection refused"):
            await desk.pool.request("GET", "/time", b"", {})

    play(scenario)


def test_a_request_that_is_given_up_takes_its_connection_along(play: Play) -> None:
    async def scenario(desk: Desk) -> None:
        task = await desk.ask("POST")
        task.cancel()
        await turns()
        assert (task.cancelled(), desk.line.is_aborted) == (True, True)

    play(scenario)


def test_nor_is_one_kept_whose_answer_came_too_late(play: Play) -> None:
    async def scenario(desk: Desk) -> None:
        task = await desk.ask()
        desk.line.say(OK)
        task.cancel()
        await turns()
        assert (task.cancelled(), desk.line.is_aborted) == (True, True)

    play(scenario)


def test_closing_fails_what_is_under_way(play: Play) -> None:
    async def scenario(desk: Desk) -> None:
        task = await desk.ask("POST")
        await desk.pool.close()
        with pytest.raises(ConnectionError, match="the connection was lost"):
            await task
        await desk.pool.close()

    play(scenario)


def test_an_announcement_is_no_answer(play: Play) -> None:
    async def scenario(desk: Desk) -> None:
        reply = await desk.answered(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + OK)
        assert (reply.status, reply.headers) == (200, {"Content-Length": "2"})

    play(scenario)


def test_an_answer_may_come_in_pieces(play: Play) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"

    async def scenario(desk: Desk) -> None:
        task = await desk.ask()
        for place in range(len(chunked)):
            desk.line.say(chunked[place : place + 1])
        assert (await task).body == b"{}"

    play(scenario)


def test_an_answer_without_a_length_ends_with_its_connection(play: Play) -> None:
    async def scenario(desk: Desk) -> None:
        task = await desk.ask()
        desk.line.say(b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>")
        desk.line.lose()
        reply = await task
        assert (reply.status, reply.body) == (502, b"<html>")

    play(scenario)


@pytest.mark.parametrize("why", [None, ConnectionResetError()])
def test_an_answer_that_is_cut_off_is_none(play: Play, why: Exception | None) -> None:
    length = b"" if why else b"Content-Length: 7\r\n"

    async def scenario(desk: Desk) -> None:
        task = await desk.ask()
        desk.line.say(b"HTTP/1.1 200 OK\r\n%b\r\n<html>" % length)
        desk.line.lose(why)
        with pytest.raises(ConnectionError, match="the connection was lost"):
            await task

    play(scenario)


@pytest.mark.parametrize("packed", [PACKED, zlib.compress(b"plain")], ids=["gzip", "zlib"])
def test_a_compressed_answer_is_read(play: Play, packed: bytes) -> None:
    async def scenario(desk: Desk) -> None:
        assert (await desk.answered(_packed(packed))).body == b"plain"

    play(scenario)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"no HTTP at all", "cannot be read"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "cannot be read"),
        (_big := OK.replace(b": 2", b": 101") + b"x" * 100, "larger than 100 bytes"),
        (OK.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 300), "larger than 100 bytes"),
    ],
)
def test_what_cannot_be_an_answer_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch, play: Play, answer: bytes, why: str
) -> None:
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 100)
    monkeypatch.setattr(http, "MAX_HEAD_BYTES", 200)

    async def scenario(desk: Desk) -> None:
        with pytest.raises(ConnectionError, match=why):
            await desk.answered(answer)
        assert desk.line.is_aborted

    play(scenario)


def _packed(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (b"neither", "cannot be read"),
        (TORN, "cannot be read"),
        (TOO_LARGE, "larger than 100 bytes"),
    ],
    ids=["neither", "torn", "too large"],
)
def test_nor_can_what_does_not_unpack(
    monkeypatch: pytest.MonkeyPatch, play: Play, packed: bytes, why: str
) -> None:
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 100)

    async def scenario(desk: Desk) -> None:
        with pytest.raises(ConnectionError, match=why):
            await desk.answered(_packed(packed))

    play(scenario)


def test_what_was_written_shows_nothing_of_who_asks() -> None:
    pool = HttpPool("http://venue:80")
    written = pool._write("GET", "/", b"", {"X-BAPI-API-KEY": "the key"})
    assert bytes(written).count(b"the key") == 1
    assert repr(written) == "b'***'"

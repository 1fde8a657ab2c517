"""One WebSocket of a client, frame by frame."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from engine.exchange import sockets
from engine.exchange.hub import Send
from engine.exchange.sockets import StreamConnection, idle_seconds
from engine.exchange.streams import Session
from tests.support.lines import FakeTransport


class Desk:
    """A stream whose client is a protocol of its own; what that says is heard in `heard`."""

    def __init__(self, target: str = "/v5/private", **headers: str) -> None:
        self.heard: list[bytes] = []
        self.forgotten = self.closed = 0
        self.line = FakeTransport()
        self.client = ClientProtocol(parse_uri(f"ws://exchange{target}"))
        request = self.client.connect()
        for name, value in headers.items():
            del request.headers[name]
            request.headers[name] = value
        self.client.send_request(request)
        head = b"".join(self.client.data_to_send())
        self.stream = StreamConnection(self, self.line, head, self._forget)

    def open_session(self, path: str, send: Send) -> Session | None:
        return self if path == "/v5/private" else None

    def deliver(self, session: Session, message: bytes, *, at_once: bool) -> None:
        assert (session, at_once) == (self, True)
        self.heard.append(message)

    def receive(self, message: bytes) -> None:
        raise AssertionError("messages are delivered")

    def close(self) -> None:
        self.closed += 1

    def say(self, *frames: Frame) -> None:
        """Send frames as the client would."""
        for frame in frames:
            self.stream.data_received(frame.serialize(mask=True))

    def told(self) -> list[object]:
        """What the client has read since the last call: the handshake's answer first."""
        written, self.line.written = self.line.written, b""
        if written:
            self.client.receive_data(written)
        return list(self.client.events_received())

    def _forget(self, _stream: StreamConnection) -> None:
        self.forgotten += 1


def on_a_loop(scenario: Callable[[], None]) -> Callable[[], None]:
    """A test whose streams need a running loop for their timers."""

    async def main() -> None:
        scenario()

    def test() -> None:
        asyncio.run(main())

    return test


def status(desk: Desk) -> int:
    (response,) = desk.told()
    assert isinstance(response, Response)
    return response.status_code


@on_a_loop
def test_messages_go_on_whole_whatever_their_frames() -> None:
    desk = Desk()
    assert status(desk) == 101
    desk.say(
        Frame(Opcode.TEXT, b"one"),
        Frame(Opcode.BINARY, b"two"),
        Frame(Opcode.TEXT, b"th", fin=False),
        Frame(Opcode.CONT, b"re", fin=False),
        Frame(Opcode.PING, b"?"),
        Frame(Opcode.CONT, b"e"),
    )
    assert desk.heard == [b"one", b"two", b"three"]
    assert desk.told() == [Frame(Opcode.PONG, b"?")]


@on_a_loop
def test_messages_are_heard_once_they_are_there_however_they_are_cut() -> None:
    desk = Desk()
    frames = [Frame(Opcode.TEXT, b"one"), Frame(Opcode.PING, b"?"), Frame(Opcode.TEXT, b"2" * 300)]
    data = b"".join(frame.serialize(mask=True) for frame in frames)
    for number in range(len(data)):
        desk.stream.data_received(data[number : number + 1])
        assert desk.heard == [b"one", b"2" * 300][: (number >= 8) + (number == len(data) - 1)]
    desk.stream.data_received(data)
    assert desk.heard == [b"one", b"2" * 300] * 2
    assert desk.told()[1:] == [Frame(Opcode.PONG, b"?")] * 2


@on_a_loop
def test_a_message_without_a_mask_ends_the_stream() -> None:
    desk = Desk()
    desk.stream.data_received(Frame(Opcode.TEXT, b"bare").serialize(mask=False))
    assert desk.heard == []
    assert [frame.opcode for frame in desk.told()[1:] if isinstance(frame, Frame)] == [Opcode.CLOSE]


@on_a_loop
def test_a_message_that_is_too_large_ends_the_stream_before_it_has_come() -> None:
    desk = Desk()
    text = Frame(Opcode.TEXT, bytes(sockets.LARGEST_MESSAGE + 1)).serialize(mask=True)
    desk.stream.data_received(text[:20])
    assert desk.heard == []
    assert [frame.opcode for frame in desk.told()[1:] if isinstance(frame, Frame)] == [Opcode.CLOSE]


@on_a_loop
def test_messages_are_pushed_in_order_until_the_stream_is_closed() -> None:
    desk = Desk()
    desk.stream.push([b"1", b"2"])
    assert desk.told()[1:] == [Frame(Opcode.TEXT, b"1"), Frame(Opcode.TEXT, b"2")]
    desk.say(Frame(Opcode.CLOSE, b"\x03\xe8"))
    desk.stream.push([b"3"])
    assert desk.told() == [Frame(Opcode.CLOSE, b"\x03\xe8")]
    assert desk.line.is_closed
    desk.stream.connection_lost(None)
    assert (desk.closed, desk.forgotten) == (1, 1)


@on_a_loop
def test_nothing_is_pushed_on_a_lost_line() -> None:
    desk = Desk()
    desk.told()
    desk.stream.cut()
    desk.stream.push([b"1"])
    assert (desk.told(), desk.line.is_aborted) == ([], True)


@on_a_loop
def test_a_path_that_is_no_stream_is_not_found() -> None:
    desk = Desk("/v5/nothing")
    assert (status(desk), desk.line.is_closed) == (404, True)
    desk.stream.end()
    assert desk.told() == []
    desk.stream.connection_lost(None)
    assert (desk.closed, desk.forgotten) == (0, 1)


@on_a_loop
def test_what_is_no_handshake_is_refused() -> None:
    desk = Desk(Upgrade="h2c")
    assert (status(desk), desk.line.is_closed) == (426, True)


@on_a_loop
def test_a_client_that_does_not_read_is_cut_off() -> None:
    desk = Desk()
    desk.line.backlog = sockets.LARGEST_BACKLOG
    desk.stream.push([b"1"])
    assert not desk.line.is_aborted
    desk.line.backlog += 1
    desk.stream.push([b"2"])
    assert desk.line.is_aborted


@on_a_loop
def test_an_orderly_end_says_so_once() -> None:
    desk = Desk()
    desk.stream.end()
    desk.stream.end()
    assert desk.told()[1:] == [Frame(Opcode.CLOSE, b"\x03\xe8")]
    desk.stream.connection_lost(None)
    assert desk.closed == 1


class Ticking(asyncio.SelectorEventLoop):
    """A loop whose time is moved by hand."""

    now_s = 0.0

    def time(self) -> float:
        return self.now_s


def after(loop: Ticking, seconds: float) -> None:
    """Let time pass, and what is due happen."""
    loop.now_s += seconds
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(asyncio.sleep(0))


def test_a_silent_client_is_asked_to_leave_and_then_cut_off() -> None:
    loop = Ticking()
    desk = loop.run_until_complete(_opened("/v5/private?max_active_time=45s"))
    after(loop, 40)
    desk.say(Frame(Opcode.TEXT, b"ping"))
    after(loop, 40)
    assert len(desk.told()) == 1
    after(loop, 6)
    assert desk.told() == [Frame(Opcode.CLOSE, b"\x03\xe8")]
    assert not desk.line.is_aborted
    after(loop, sockets.CLOSE_WAIT_S + 0.1)
    assert desk.line.is_aborted
    loop.close()


async def _opened(target: str) -> Desk:
    return Desk(target)


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("", 600.0),
        ("max_active_time=45s", 45.0),
        ("a=b&max_active_time=2m", 120.0),
        ("max_active_time=1s", 30.0),
        ("max_active_time=99m", 600.0),
        ("max_active_time=soon", 600.0),
    ],
)
def test_how_long_a_stream_may_be_silent(query: str, seconds: float) -> None:
    assert idle_seconds(query) == seconds

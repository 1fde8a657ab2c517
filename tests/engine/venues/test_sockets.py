"""One WebSocket to a venue, frame by frame: what is heard, what is said, and why it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from engine.venues import sockets
from engine.venues.sockets import NetworkStream
from tests.support.lines import Line, turns

BYE = Close(1000, "").serialize()


class Desk:
    """A stream, and the venue at its other end."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.closed: list[str] = []
        self.forgotten: list[NetworkStream] = []
        self.venue = ServerProtocol()
        self.stream = NetworkStream(
            "ws://venue/v5/private", self.hear, self.closed.append, self.forgotten.append
        )
        self.line = Line(self.stream)

    def hear(self, message: bytes) -> None:
        if message == b"indigestible":
            raise ValueError(message)
        if message == b"enough":
            self.stream.close()
        self.heard.append(message)

    def told(self) -> list[object]:
        """What the venue has read since the last call."""
        written = self.line.take()
        if written:
            self.venue.receive_data(written)
        return list(self.venue.events_received())

    def consent(self, *frames: Frame) -> None:
        """Let the venue agree, and say something at once."""
        (request,) = self.told()
        assert isinstance(request, Request)
        self.venue.send_response(self.venue.accept(request))
        self.say(*frames)

    def say(self, *frames: Frame) -> None:
        for frame in frames:
            self.venue.send_frame(frame)
        self.line.say(b"".join(self.venue.data_to_send()))

    def refuse(self, answer: bytes) -> None:
        self.told()
        self.line.say(answer)


Scenario = Callable[[Desk], Awaitable[None]]


def play(scenario: Scenario) -> Callable[[], None]:
    """A test that plays this on a loop of its own."""

    async def main() -> None:
        await scenario(Desk())

    return lambda: asyncio.run(main())


@play
async def test_messages_are_heard_whole_whatever_their_frames(desk: Desk) -> None:
    desk.consent(Frame(Opcode.TEXT, b"one"))
    await desk.stream.opened()
    desk.say(
        Frame(Opcode.BINARY, b"two"),
        Frame(Opcode.TEXT, b"th", fin=False),
        Frame(Opcode.CONT, b"re", fin=False),
        Frame(Opcode.PING, b"?"),
        Frame(Opcode.CONT, b"e"),
    )
    assert desk.heard == [b"one", b"two", b"three"]
    assert desk.told() == [Frame(Opcode.PONG, b"?")]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536])
def test_messages_of_any_size_are_heard_however_they_are_cut_into_pieces(size: int) -> None:
    async def main() -> None:
        desk = Desk()
        (request,) = desk.told()
        assert isinstance(request, Request)
        desk.venue.send_response(desk.venue.accept(request))
        said = [b"x" * size, b"y" * size]
        for message in said:
            desk.venue.send_text(message)
        stream = b"".join(desk.venue.data_to_send())
        step = max(1, len(stream) // 1_000)
        for place in range(0, len(stream), step):
            desk.line.say(stream[place : place + step])
        assert desk.heard == said

    asyncio.run(main())


@play
async def test_messages_leave_in_order_and_none_before_or_after_the_stream(desk: Desk) -> None:
    with pytest.raises(ConnectionError, match="the stream is closed"):
        desk.stream.send(b"too early")
    desk.consent()
    desk.stream.send(b"1")
    desk.stream.send(b"2")
    assert desk.told() == [Frame(Opcode.TEXT, b"1"), Frame(Opcode.TEXT, b"2")]
    desk.line.lose()
    with pytest.raises(ConnectionError, match="the stream is closed"):
        desk.stream.send(b"3")
    desk.stream.close()
    await desk.stream.ended()
    assert desk.closed == ["closed by the venue, code 1006"]


@play
async def test_a_peer_that_takes_nothing_is_told_as_lost(desk: Desk) -> None:
    desk.consent()
    desk.line.backlog = sockets.UNSENT_MAX_BYTES + 1
    with pytest.raises(ConnectionError, match="nothing leaves"):
        desk.stream.send(b"1")


@play
async def test_closing_says_so_and_hears_nothing_more(desk: Desk) -> None:
    desk.consent(
        Frame(Opcode.TEXT, b"enough"), Frame(Opcode.TEXT, b"late"), Frame(Opcode.BINARY, b"late")
    )
    desk.stream.close()
    await desk.stream.ended()
    assert (desk.heard, desk.closed) == ([b"enough"], ["closed by the client"])
    assert desk.told() == [Frame(Opcode.CLOSE, BYE)]
    assert desk.forgotten == [desk.stream]


def ended(*frames: Frame) -> str:
    """Why a stream says that it has ended when the venue says this last."""

    async def main() -> str:
        desk = Desk()
        desk.consent()
        await desk.stream.opened()
        desk.say(*frames)
        if not frames:
            desk.line.lose(ConnectionResetError())
        await turns()
        (reason,) = desk.closed
        return reason

    return asyncio.run(main())


def test_why_a_stream_has_ended() -> None:
    assert ended(Frame(Opcode.CLOSE, Close(1012, "").serialize())) == (
        "closed by the venue, code 1012"
    )
    assert ended() == "closed by the venue, code 1006"
    unreadable = "closed for a frame that cannot be read, code 1002"
    assert ended(Frame(Opcode.CONT, b"of nothing")) == unreadable
    assert ended(Frame(Opcode.TEXT, b"a", fin=False), Frame(Opcode.TEXT, b"b")) == unreadable


@pytest.mark.parametrize(
    "sent",
    [b"\x81\x81\x00\x00\x00\x00x", b"\x81\xfe\x03\xe8" + bytes(1_004), b"\xc1\x01x"],
    ids=["a mask", "a mask on a long frame", "a reserved bit"],
)
def test_a_venue_wears_no_mask_and_uses_no_reserved_bit(sent: bytes) -> None:
    async def main() -> None:
        desk = Desk()
        desk.consent()
        desk.line.say(sent)
        await turns()
        assert desk.heard == []
        assert desk.closed == ["closed for a frame that cannot be read, code 1002"]

    asyncio.run(main())


@pytest.mark.parametrize("fin", [True, False])
def test_a_message_that_is_too_large_ends_the_stream_before_it_is_here(
    monkeypatch: pytest.MonkeyPatch, fin: bool
) -> None:
    monkeypatch.setattr(sockets, "MAX_FRAME_BYTES", 1_000)

    async def main() -> None:
        desk = Desk()
        desk.consent(Frame(Opcode.TEXT, b"x" * 1_000))
        desk.line.say(Frame(Opcode.TEXT, b"x" * 1_001, fin=fin).serialize(mask=False)[:10])
        await turns()
        assert [len(message) for message in desk.heard] == [1_000]
        assert desk.closed == ["closed for a frame that cannot be read, code 1009"]

    asyncio.run(main())


@play
async def test_a_message_that_cannot_be_taken_in_ends_it(desk: Desk) -> None:
    desk.consent()
    with pytest.raises(ValueError, match="indigestible") as raised:
        desk.say(Frame(Opcode.TEXT, b"indigestible"))
    desk.line.lose(raised.value)  # as an event loop does
    await turns()
    assert desk.closed == ["a message could not be taken in"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            "refused the stream with HTTP 403",
        ),
        (b"HTTP/1.1 101 Yes\r\n\r\n", "the venue's answer opens no stream"),
        (b"no HTTP at all\r\n", "the venue's answer opens no stream"),
        (b"", "the connection was lost"),
    ],
)
def test_what_opens_no_stream(answer: bytes, why: str) -> None:
    async def main() -> None:
        desk = Desk()
        if answer:
            desk.refuse(answer)
        else:
            desk.line.lose()
        with pytest.raises(ConnectionError, match=why):
            await desk.stream.opened()
        await turns()
        assert (desk.closed, desk.forgotten) == ([], [desk.stream])

    asyncio.run(main())


@play
async def test_an_opening_that_is_given_up_leaves_nothing(desk: Desk) -> None:
    opening = asyncio.create_task(desk.stream.opened())
    await turns()
    opening.cancel()
    await turns()
    await desk.stream.ended()
    assert (desk.line.is_aborted, desk.closed, desk.forgotten) == (True, [], [desk.stream])


@play
async def test_a_venue_that_does_not_hang_up_is_left(desk: Desk) -> None:
    desk.line.close = lambda: None  # type: ignore[method-assign]
    sockets_wait_s, sockets.CLOSE_WAIT_S = sockets.CLOSE_WAIT_S, 0.0
    desk.consent()
    try:
        await desk.stream.ended()
    finally:
        sockets.CLOSE_WAIT_S = sockets_wait_s
    assert (desk.line.is_aborted, desk.closed) == (True, ["closed by the client"])


def test_no_log_hears_what_is_said(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        desk = Desk()
        desk.consent()
        desk.stream.send(b"login")
        assert desk.told() == [Frame(Opcode.TEXT, b"login")]

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())
    loggers = {record.name for record in caplog.records}
    assert loggers <= {"asyncio", "websockets.server"}  # the server is the test's

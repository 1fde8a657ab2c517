"""One WebSocket to a venue: messages leave when they are sent, and are heard as they are read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from engine.venues.framing import MASKED, WHOLE_TEXT, frame_at, masked_text

MAX_FRAME_BYTES = 4 * 2**20
"""A full book of 1,000 levels is some 50 KB, a page of orders 100 KB."""
UNSENT_MAX_BYTES = 2**20
"""What waits on one WebSocket; a peer that takes no more is as good as gone."""
CLOSE_WAIT_S = 1.0
_MUTE = logging.Logger("websocket", logging.CRITICAL)
"""What is said on a stream is nobody else's business: the login is among it."""
_DATA = (Opcode.TEXT, Opcode.BINARY)


class NetworkStream(asyncio.Protocol):
    """One WebSocket, once it has a connection. `on_close` is told why it ended, if it was open."""

    def __init__(
        self,
        url: str,
        on_message: Callable[[bytes], None],
        on_close: Callable[[str], None],
        forget: Callable[[NetworkStream], None],
    ) -> None:
        self._on_message = on_message
        self._on_close = on_close
        self._forget = forget
        self._protocol = ClientProtocol(parse_uri(url), max_size=MAX_FRAME_BYTES, logger=_MUTE)
        self._transport: asyncio.Transport
        self._unread = b""  # the beginning of a frame
        self._parts: list[bytes] = []  # of a message that comes in fragments
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._is_up = False  # from the venue's consent until either side says that it closes
        self._is_ours = False  # the end of it
        self._timer: asyncio.TimerHandle | None = None

    async def opened(self) -> None:
        """Wait for the venue's consent. Raises ConnectionError."""
        try:
            await self._opened
        except BaseException:
            self._transport.abort()
            raise

    def send(self, message: bytes) -> None:
        """Send a message; they leave in order. Raises ConnectionError when nothing leaves."""
        if not self._is_open():
            raise ConnectionError("the stream is closed")
        if self._transport.get_write_buffer_size() > UNSENT_MAX_BYTES:
            raise ConnectionError("nothing leaves")
        self._transport.write(masked_text(message))

    def close(self) -> None:
        """Close from our side; nothing more is heard."""
        if self._is_open():
            self._is_ours, self._is_up = True, False
            self._protocol.send_close(1000)
            self._hang_up()

    async def ended(self) -> None:
        """Close, and wait until the socket is."""
        self.close()
        await self._gone

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=0)
        request = self._protocol.connect()
        request.headers["User-Agent"] = "tradedeck"
        self._protocol.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Read on. What cannot be taken in ends the connection.

        Nearly all that comes are text messages of one frame each: those are heard here, at a
        fraction of the price. The protocol reads everything else, a whole frame at a time.
        """
        data, start, passed_on = self._unread + data, 0, False
        while not self._opened.done() and start < len(data):
            start = self._pass_on(data, start, data.find(b"\n", start) + 1 or len(data))
            passed_on = True
        while start < len(data):
            begin, end = frame_at(data, start)
            fits = end - begin <= MAX_FRAME_BYTES
            if end > len(data) and fits:
                break
            is_plain = data[start] == WHOLE_TEXT and data[start + 1] < MASKED
            if is_plain and fits and self._is_up and not self._parts:
                self._on_message(data[begin:end])
                start = end
            else:
                start = self._pass_on(data, start, end)
                passed_on = True
        self._unread = data[start:]
        if passed_on:
            self._follow()

    def _pass_on(self, data: bytes, start: int, end: int) -> int:
        """Let the protocol read up to `end`; where to go on."""
        self._protocol.receive_data(data[start:end])
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._hear(event)
            elif self._protocol.handshake_exc is None and not self._opened.done():
                self._opened.set_result(None)
        self._is_up = self._protocol.state is State.OPEN
        return end

    def _follow(self) -> None:
        """Do what the protocol wants after what it has read."""
        if self._protocol.close_expected():
            self._hang_up()
        else:
            self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell why."""
        if self._timer is not None:
            self._timer.cancel()
        self._forget(self)
        self._gone.set_result(None)
        if not self._opened.done():
            self._opened.set_exception(ConnectionError(self._refusal()))
            self._opened.exception()  # nobody may be there any more to hear of it
        elif not self._opened.cancelled() and self._opened.exception() is None:
            self._on_close(self._reason(exc))

    def _is_open(self) -> bool:
        return self._is_up and not self._transport.is_closing()

    def _hear(self, frame: Frame) -> None:
        if self._is_ours:
            return
        if frame.opcode in _DATA or frame.opcode is Opcode.CONT:
            self._parts.append(bytes(frame.data))
            if frame.fin:
                message, self._parts = b"".join(self._parts), []
                self._on_message(message)

    def _flush(self) -> None:
        for chunk in self._protocol.data_to_send():
            self._transport.write(chunk)  # an empty one says that nothing follows

    def _hang_up(self) -> None:
        """Close when the last frame has left, and after a while even if it has not."""
        self._flush()
        self._transport.close()
        if self._timer is None:
            self._timer = self._loop.call_later(CLOSE_WAIT_S, self._transport.abort)

    def _refusal(self) -> str:
        error = self._protocol.handshake_exc
        if isinstance(error, InvalidStatus):
            return f"the venue refused the stream with HTTP {error.response.status_code}"
        return "the connection was lost" if error is None else "the venue's answer opens no stream"

    def _reason(self, exc: Exception | None) -> str:
        protocol = self._protocol
        if self._is_ours:
            return "closed by the client"
        if protocol.parser_exc is not None and protocol.close_sent is not None:
            return f"closed for a frame that cannot be read, code {protocol.close_sent.code}"
        if exc is not None and not isinstance(exc, OSError):
            return "a message could not be taken in"
        code = 1006 if protocol.close_rcvd is None else protocol.close_rcvd.code
        return f"closed by the venue, code {code}"

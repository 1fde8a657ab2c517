"""One WebSocket of a client: messages are passed on as they are read, and written at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Protocol

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from engine.exchange.framing import MASKED, WHOLE_TEXT, frame_at, text_frame, unmasked
from engine.exchange.hub import Send
from engine.exchange.streams import Session

LARGEST_MESSAGE = 1 << 20
LARGEST_BACKLOG = 1 << 25  # bytes that a client has not read; a slower one is cut off
IDLE_S = 600.0  # a stream on which a client says nothing for so long is closed
SHORTEST_IDLE_S, LONGEST_IDLE_S = 30.0, 600.0
CLOSE_WAIT_S = 1.0
_MUTE = logging.Logger("websocket", logging.CRITICAL)
"""Nothing that clients say is logged: what they sign in with is among it."""
_DATA = (Opcode.TEXT, Opcode.BINARY)


class Sessions(Protocol):
    """What streams are opened on, and how what a client says comes there."""

    def open_session(self, path: str, send: Send) -> Session | None: ...
    def deliver(self, session: Session, message: bytes, *, at_once: bool) -> None: ...


class StreamConnection(asyncio.Protocol):
    """Takes an open transport over, on which a client has asked for a WebSocket.

    `head` is what it has asked. `forget` is called when the connection is over.
    """

    def __init__(
        self,
        sessions: Sessions,
        transport: asyncio.Transport,
        head: bytes,
        forget: Callable[[StreamConnection], None],
    ) -> None:
        self._sessions = sessions
        self._transport = transport
        self._forget = forget
        self._protocol = ServerProtocol(max_size=LARGEST_MESSAGE, logger=_MUTE)
        self._unread = b""  # the beginning of a frame
        self._parts: list[bytes] = []  # of a message that comes in fragments
        self._session: Session | None = None
        self._is_up = False  # from the handshake until either side says that it closes
        self._loop = asyncio.get_running_loop()
        self._heard_s = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._idle_s = IDLE_S
        transport.set_protocol(self)
        self._protocol.receive_data(head)
        for event in self._protocol.events_received():
            assert isinstance(event, Request)
            self._open(event)
        self._flush()

    def _open(self, request: Request) -> None:
        path, _, query = request.path.partition("?")
        response = self._protocol.accept(request)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            self._session = self._sessions.open_session(path, self.push)
            if self._session is None:
                response = self._protocol.reject(HTTPStatus.NOT_FOUND, "")
            else:
                self._idle_s = idle_seconds(query)
                self._timer = self._loop.call_later(self._idle_s, self._look)
        self._protocol.send_response(response)
        self._is_up = self._protocol.state is State.OPEN

    def data_received(self, data: bytes) -> None:
        """Read on: texts of one frame each are taken here, everything else by the protocol."""
        self._heard_s = self._loop.time()
        if self._unread:
            data = self._unread + data
        start = 0
        while start < len(data):
            begin, end = frame_at(data, start)
            fits = end - begin <= LARGEST_MESSAGE
            if end > len(data) and fits:
                break
            is_plain = data[start] == WHOLE_TEXT and data[start + 1] >= MASKED
            session = self._session
            if is_plain and fits and session is not None and self._is_up and not self._parts:
                self._sessions.deliver(session, unmasked(data, begin, end), at_once=True)
            else:
                self._pass_on(data[start:end])
            start = end
        self._unread = data[start:]

    def _pass_on(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            assert isinstance(event, Frame)
            assert self._session is not None
            self._take(event, self._session)
        self._is_up = self._protocol.state is State.OPEN
        self._flush()

    def _take(self, frame: Frame, session: Session) -> None:
        if frame.opcode in _DATA and frame.fin:
            self._sessions.deliver(session, bytes(frame.data), at_once=True)
        elif frame.opcode in _DATA or frame.opcode is Opcode.CONT:
            self._parts.append(bytes(frame.data))
            if frame.fin:
                message, self._parts = b"".join(self._parts), []
                self._sessions.deliver(session, message, at_once=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the session that nobody listens any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._session is not None:
            self._session.close()
        self._forget(self)

    def push(self, messages: Sequence[bytes]) -> None:
        """Write messages to the client."""
        if not self._is_up or self._transport.is_closing():
            return
        self._transport.write(b"".join(map(text_frame, messages)))
        if self._transport.get_write_buffer_size() > LARGEST_BACKLOG:
            self.cut()

    def end(self) -> None:
        """Close in order; a client that does not take part is cut off."""
        if self._is_up:
            self._is_up = False
            self._protocol.send_close(1000)
            self._flush()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(CLOSE_WAIT_S, self._transport.abort)

    def cut(self) -> None:
        """Lose the connection at once."""
        self._transport.abort()

    def _flush(self) -> None:
        chunks = self._protocol.data_to_send()
        if chunks:
            self._transport.write(b"".join(chunks))
            if not chunks[-1]:  # that is how the end is said
                self._transport.close()

    def _look(self) -> None:
        """Close a stream on which nothing was heard for too long."""
        silent_s = self._loop.time() - self._heard_s
        if silent_s >= self._idle_s:
            self.end()
        else:
            self._timer = self._loop.call_later(self._idle_s - silent_s, self._look)


def idle_seconds(query: str) -> float:
    """How long a stream may be silent, from its `max_active_time` (`45s` or `5m`)."""
    for parameter in query.split("&"):
        name, _, value = parameter.partition("=")
        if name == "max_active_time" and value[:-1].isdecimal() and value[-1] in "sm":
            wanted = float(value[:-1]) * (60.0 if value[-1] == "m" else 1.0)
            return min(max(wanted, SHORTEST_IDLE_S), LONGEST_IDLE_S)
    return IDLE_S

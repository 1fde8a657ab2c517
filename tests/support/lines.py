"""A transport that keeps what is done to it."""

from __future__ import annotations

import asyncio


class FakeTransport(asyncio.Transport):
    """Nobody is at the other end; `backlog` is what that has not read."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: asyncio.BaseProtocol | None = None
        self.written = b""
        self.backlog = 0
        self.is_paused = self.is_closed = self.is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0

    def get_write_buffer_size(self) -> int:
        return self.backlog

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = self.is_aborted = True

    def is_closing(self) -> bool:
        return self.is_closed


class Line(FakeTransport):
    """One that tells its protocol of the end, as transports do: in the loop's next turn."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._hears: asyncio.Protocol | None = protocol
        protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert self._hears is not None, "uvloop raises where nobody is left to hear of the end"
        super().write(data)

    def say(self, data: bytes) -> None:
        """Let the protocol read."""
        assert self._hears is not None
        self._hears.data_received(data)

    def take(self) -> bytes:
        """What has been written since the last call."""
        written, self.written = self.written, b""
        return written

    def close(self) -> None:
        super().close()
        self.lose()

    def abort(self) -> None:
        super().abort()
        self.lose()

    def lose(self, why: Exception | None = None) -> None:
        """The other end is gone."""
        self.is_closed = True
        hears, self._hears = self._hears, None
        if hears is not None:
            asyncio.get_running_loop().call_soon(hears.connection_lost, why)


class Lines:
    """Every connection that was opened by `connect`."""

    def __init__(self) -> None:
        self.opened: list[Line] = []
        self.refusal: Exception | None = None

    async def connect(self, _address: object, protocol: asyncio.Protocol) -> None:
        """Stands for the one that opens sockets."""
        if self.refusal is not None:
            raise self.refusal
        self.opened.append(Line(protocol))


async def turns() -> None:
    """Let everything that is ready happen."""
    for _ in range(10):
        await asyncio.sleep(0)

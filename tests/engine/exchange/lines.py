"""A transport that keeps what is done to it."""

from __future__ import annotations

import asyncio


class FakeTransport(asyncio.Transport):
    """Nobody is at the other end; `backlog` is what that has not read."""

    def __init__(self) -> None:
        super().__init__()
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

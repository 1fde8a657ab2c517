"""The file that keeps a stopped account stopped.

It is the first of two copies (the journal is the other), small and written at once. It fails
closed: a file that is there but cannot be trusted reads as HALTED, and only `clear` removes it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from engine.core.types import KillLevel, TradingState
from engine.files import sync_directory, write_atomically_now

_BYTES_MAX = 65_536  # a record is some 200 bytes; whatever is larger is not one


class LatchRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an account is stopped: how far, by whom, why, and since when (unix ns; 0 = not known)."""

    level: KillLevel
    by: str
    reason: str
    ts: int

    @property
    def state(self) -> TradingState:
        """What the level allows: a pause still reduces, everything else only cancels."""
        return TradingState.REDUCING if self.level is KillLevel.PAUSE else TradingState.HALTED


class Latch:
    """The latch of one account, at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def set(self, level: KillLevel, by: str, reason: str, ts: int) -> None:
        """Stop the account: durable when this returns. Raises OSError when the disk refuses."""
        record = LatchRecord(level, by, reason, ts)
        write_atomically_now(self.path, msgspec.json.encode(record) + b"\n", mode=0o600)

    def read(self) -> LatchRecord | None:
        """Return what the file says, None where there is none. Never raises."""
        try:
            return msgspec.json.decode(self._bytes(), type=LatchRecord)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            reason = f"latch unreadable: {self.path}: {error}"
            return LatchRecord(KillLevel.HALT, "latch", reason, 0)

    def clear(self) -> None:
        """Let the account trade again: the file is durably gone when this returns."""
        self.path.unlink(missing_ok=True)
        sync_directory(self.path.parent)

    def _bytes(self) -> bytes:
        """Read the file if nobody else could have written it."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            info = os.fstat(descriptor)
            if not stat.S_ISREG(info.st_mode):
                raise ValueError("not a regular file")
            if info.st_uid != os.geteuid():
                raise ValueError(f"owned by user {info.st_uid}, not by {os.geteuid()}")
            if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise ValueError(f"mode {stat.S_IMODE(info.st_mode):o}: others may write it")
            return os.read(descriptor, _BYTES_MAX)
        finally:
            os.close(descriptor)

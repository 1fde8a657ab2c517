"""Writing a file of a session's output while its event loop goes on."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import aiofiles

from engine.files import encoded, rename, temporary_beside


async def write_atomically(path: Path, data: bytes | str, *, mode: int = 0o644) -> None:
    """Replace `path` by `data` (text as UTF-8) without blocking the event loop.

    Raises OSError when the disk refuses; the old file is then still whole.
    """
    with temporary_beside(path, mode) as (descriptor, temporary):
        async with aiofiles.open(descriptor, "wb") as file:
            await file.write(encoded(data))
            await file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        await asyncio.to_thread(rename, temporary, path)

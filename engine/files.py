"""Files that are either the old ones or the new ones, never something between.

A temporary file beside the target is written and synced, then renamed over it, and the directory
is synced so that the new name survives a power cut.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def write_atomically_now(path: Path, data: bytes | str, *, mode: int = 0o644) -> None:
    """Replace `path` by `data` (text as UTF-8) before returning: for small files that cannot wait.

    Raises OSError when the disk refuses; the old file is then still whole.
    """
    with temporary_beside(path, mode) as (descriptor, temporary):
        with open(descriptor, "wb") as file:
            file.write(encoded(data))
            file.flush()
            os.fsync(file.fileno())
        rename(temporary, path)


def sync_directory(path: Path) -> None:
    """Make the names in directory `path` durable: what was created, renamed or removed there."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def encoded(data: bytes | str) -> bytes:
    """Return text as UTF-8."""
    return data.encode() if isinstance(data, str) else data


def rename(temporary: Path, path: Path) -> None:
    """Put a file in the place of another, with a name that survives a power cut."""
    os.replace(temporary, path)
    sync_directory(path.parent)


@contextlib.contextmanager
def temporary_beside(path: Path, mode: int) -> Iterator[tuple[int, Path]]:
    """Create a file in the same directory; it is gone afterwards unless it was renamed."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        os.fchmod(descriptor, mode)
        yield descriptor, temporary
    finally:
        temporary.unlink(missing_ok=True)

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.files import write_atomically_now
from engine.summary.export import write_atomically

Write = Callable[..., None]


def write_on_a_loop(path: Path, data: bytes | str, mode: int = 0o644) -> None:
    asyncio.run(write_atomically(path, data, mode=mode))


BOTH = pytest.mark.parametrize("write", [write_on_a_loop, write_atomically_now])


@BOTH
def test_a_file_is_created_and_replaced(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "summary.json"
    write(path, "first – one")
    assert path.read_text(encoding="utf-8") == "first – one"
    write(path, b"second")
    assert path.read_bytes() == b"second"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@BOTH
def test_a_private_file_is_private(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "latch", "{}", mode=0o600)
    assert (tmp_path / "latch").stat().st_mode & 0o777 == 0o600


@BOTH
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_on_the_way_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, step: str
) -> None:
    path = tmp_path / "summary.json"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="Input/output error"):
        write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@BOTH
def test_the_data_is_durable_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, os.replace

    def seen_sync(descriptor: int) -> None:
        is_directory = os.path.samestat(os.fstat(descriptor), os.stat(tmp_path))
        steps.append("sync the directory" if is_directory else "sync the file")
        sync(descriptor)

    def seen_replace(source: Path, target: Path) -> None:
        steps.append("rename")
        assert source.read_bytes() == b"data"
        replace(source, target)

    monkeypatch.setattr(os, "fsync", seen_sync)
    monkeypatch.setattr(os, "replace", seen_replace)
    write(tmp_path / "file", b"data")
    assert steps == ["sync the file", "rename", "sync the directory"]


@BOTH
def test_a_directory_that_does_not_exist_is_an_error(tmp_path: Path, write: Write) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "absent" / "file", b"")

"""`tradedeck status`: asked of the running engine over its socket."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.cli import main
from console.cli.commands import status
from engine.paths import RunningEngine, announce
from tests.console.cli.commands.test_status_page import DOCUMENT

OK_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


@contextmanager
def engine(root: Path, answer: bytes | None) -> Iterator[None]:
    """An engine that gives this answer, byte for byte; None never answers."""
    path = root / "c.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        announce(root, RunningEngine(7, str(path)))
        done = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                if answer is None:
                    done.wait(10)
                else:
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(10)


def run(root: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    code = main(["status", "--state-dir", str(root), *more])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_page_and_the_json_are_the_engines_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = json.dumps(DOCUMENT)
    (tmp_path / "a").mkdir()
    with engine(tmp_path / "a", OK_ANSWER + body.encode()):
        code, out, err = run(tmp_path / "a", capsys)
    assert (code, err) == (0, "")
    assert out.startswith("PAPER  ACTIVE  OK")
    (tmp_path / "b").mkdir()
    with engine(tmp_path / "b", OK_ANSWER + body.encode()):
        assert run(tmp_path / "b", capsys, "--json") == (0, f"{body}\n", "")


def test_without_an_engine_it_says_so_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, capsys) == (
        1,
        "",
        f"tradedeck status: no engine runs here ({tmp_path}); start: tradedeck\n",
    )


def test_an_engine_that_has_ended_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    announce(tmp_path, RunningEngine(7, str(tmp_path / "c.sock")))
    assert run(tmp_path, capsys) == (
        1,
        "",
        "tradedeck status: no engine runs here; the last one (pid 7) is gone: "
        "No such file or directory\n",
    )


def test_an_engine_that_hangs_is_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "TIMEOUT_S", 0.05)
    with engine(tmp_path, None):
        code, _, err = run(tmp_path, capsys)
    assert (code, err) == (
        1,
        "tradedeck status: the engine (pid 7) does not answer within 0.05 s\n",
    )


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"HTTP/1.1 500 Oh\r\n\r\n{}"])
def test_an_answer_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: bytes
) -> None:
    with engine(tmp_path, answer):
        code, _, err = run(tmp_path, capsys)
    assert (code, err) == (1, "tradedeck status: the engine (pid 7) gave no status\n")


def test_an_answer_without_end_is_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "ANSWER_BYTES_MAX", 10)
    with engine(tmp_path, OK_ANSWER):
        code, _, err = run(tmp_path, capsys)
    assert code == 1
    assert "its answer has no end" in err


def test_asking_needs_the_standard_library_only(tmp_path: Path) -> None:
    code = (
        "import sys; from console.cli import main; main(['status']); "
        "print(sorted({'asyncio', 'textual', 'msgspec', 'aiohttp'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert ended.stdout.splitlines()[-1] == "[]"

"""The program: which command runs, what it is told, and how errors end."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.cli import COMMANDS, main
from console.cli.commands import check_config
from engine.errors import TradedeckError


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(arguments)
    except SystemExit as left:
        code = int(left.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_help_groups_the_commands_and_shows_the_consoles_own_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run(capsys, "--help")
    assert (code, err) == (0, "")
    for word in (
        "Trade\n",
        "Look\n",
        "Set up\n",
        "session",
        "check-config",
        "--replay",
        "examples",
    ):
        assert word in out


@pytest.mark.parametrize("name", [entry.name for entry in COMMANDS if entry.name])
def test_every_command_has_help_with_an_example(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code, out, err = run(capsys, name, "--help")
    assert (code, err) == (0, "")
    assert f"examples:\n  tradedeck {name}" in out
    assert "--state-dir" in out


def test_the_version_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "1.2.3")
    assert run(capsys, "--version") == (0, "tradedeck 1.2.3\n", "")


def test_a_checkout_that_is_not_installed_has_no_version(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib import metadata

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert run(capsys, "--version") == (0, "tradedeck (not installed)\n", "")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["sesion"], "tradedeck: 'sesion' is no command; did you mean \"session\"?"),
        (
            ["xyzzy"],
            "tradedeck: 'xyzzy' is no command; there are "
            "session, exchange, record, status, risk, check-config",
        ),
        (
            ["--sed", "7"],
            "tradedeck: unknown option '--sed'; did you mean \"--seed\"? (see tradedeck --help)",
        ),
        (
            ["status", "now"],
            "tradedeck status: unknown argument 'now' (see tradedeck status --help)",
        ),
        (["--state-dir"], "tradedeck: --state-dir needs a directory"),
        (
            ["session"],
            "tradedeck session: the following arguments are required: --script, --out "
            "(see tradedeck session --help)",
        ),
    ],
)
def test_bad_usage_is_one_line_on_stderr_and_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    assert run(capsys, *arguments) == (2, "", f"{line}\n")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (TradedeckError("tradedeck status: no engine"), 1, "tradedeck status: no engine\n"),
        (TradedeckError("two\nlines"), 1, "tradedeck: two lines\n"),
        (
            OSError(errno.EACCES, "Permission denied", "a/file"),
            1,
            "tradedeck: a/file: Permission denied\n",
        ),
        (OSError("odd"), 1, "tradedeck: odd\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_every_failure_is_one_line_and_a_code(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    line: str,
) -> None:
    def fail(_options: object) -> int:
        raise error

    monkeypatch.setattr(check_config, "run", fail)
    assert run(capsys, "check-config", "x.toml") == (code, "", line)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--state-dir", "d", "check-config", "f"],
        ["--state-dir=d", "check-config", "f"],
        ["check-config", "f", "--state-dir", "d"],
        ["--state-dir", "other", "check-config", "--state-dir", "d", "f"],
    ],
)
def test_the_state_directory_stands_before_or_after_a_commands_own_options(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    seen: list[object] = []

    def note(options: object) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(check_config, "run", note)
    assert main(arguments) == 0
    assert [getattr(options, "state_dir", None) for options in seen] == [Path("d")]


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    program = [sys.executable, "-m", "console", "--version"]
    with os.fdopen(write, "wb") as closed_pipe:
        ended = subprocess.run(
            program, stdout=closed_pipe, stderr=subprocess.PIPE, check=False, timeout=30
        )
    assert ended.stderr == b""


def test_finding_a_command_loads_no_other_and_no_screen() -> None:
    code = (
        "import sys; from console.cli import main; main(['--version']); "
        "print(sorted({'asyncio', 'textual', 'msgspec', 'aiohttp'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert ended.stdout.splitlines()[-1] == "[]"

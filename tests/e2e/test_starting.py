"""What stands in the way of a start is said in one line, and nothing is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.console import console, open_console, run


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"TERM": "dumb"}, "TERM is dumb: set TERM"),
        ({"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}, "encoding is ascii: set LANG"),
    ],
)
def test_a_terminal_that_cannot_show_it_is_told_so(
    tmp_path: Path, env: dict[str, str], said: str
) -> None:
    with open_console(tmp_path, env=env) as desk:
        assert desk.wait() == 1
        assert said in desk.last_words()
        assert b"\x1b" not in desk.written
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_it_names_the_command_for_scripts(tmp_path: Path) -> None:
    done = run("--state-dir", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "tradedeck: not a terminal: run it in one, or use `tradedeck status` for plain text\n"
    )


def test_f78_a_second_console_on_the_same_market_is_refused_with_the_pid(tmp_path: Path) -> None:
    with console(tmp_path, size=(80, 24)) as first:
        with open_console(tmp_path, size=(80, 24)) as second:
            assert second.wait() == 1
            assert f"process {first.process.pid}" in second.last_words()
            assert second.is_restored()
        # Another market is another journal: it may run beside the first.
        with console(tmp_path, "--seed", "8", size=(80, 24)) as other:
            assert other.quit() == 0
        first.order("b", qty="0.010", price="55000")
        first.wait_for("○ ACKED")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[console]\nthem = 'x'\n", 'console.them: unknown key; did you mean "theme"?'),
        ("[console]\nhz = 'fast'\n", 'console.hz: "fast" is wrong'),
        ("[accounts.desk\n", "line 1"),
    ],
)
def test_f100_a_configuration_that_cannot_hold_is_one_line(
    tmp_path: Path, text: str, said: str
) -> None:
    config = tmp_path / "desk.toml"
    config.write_text(text)
    for arguments in (("check-config", config), ("--config", config)):
        done = run("--state-dir", tmp_path / "state", *arguments)
        assert done.returncode in (1, 2)
        assert said in done.stderr
        assert "desk.toml" in done.stderr
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "state").exists()

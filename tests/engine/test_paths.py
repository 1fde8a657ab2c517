"""Directories of the state: one a market, private, and sockets that fit."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine.errors import TradedeckError
from engine.paths import (
    RunningEngine,
    announce,
    find_running,
    make_private,
    replay_dir,
    seed_dir,
    state_root,
    withdraw,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_state_lives_under_the_xdg_directory() -> None:
    assert state_root({"XDG_STATE_HOME": "/var/state"}) == Path("/var/state/tradedeck")


@pytest.mark.parametrize("env", [{}, {"XDG_STATE_HOME": ""}, {"XDG_STATE_HOME": "relative"}])
def test_without_a_usable_xdg_directory_it_lives_under_the_home(env: dict[str, str]) -> None:
    assert state_root(env) == Path.home() / ".local/state/tradedeck"


def test_an_option_overrides_the_xdg_directory(tmp_path: Path) -> None:
    assert state_root({"XDG_STATE_HOME": "/var/state"}, tmp_path / "x") == tmp_path / "x"
    assert state_root({}, Path("x")).is_absolute()


def test_every_seed_has_its_own_journal_and_latch(tmp_path: Path) -> None:
    seven, eight = seed_dir(tmp_path, 7), seed_dir(tmp_path, 8)
    assert seven.journal == tmp_path / "seed-7" / "journal.db"
    assert seven.latch == tmp_path / "seed-7" / "halt.latch"
    assert eight.journal != seven.journal
    assert list(tmp_path.iterdir()) == []


def test_a_recording_is_known_by_its_files_in_any_order_and_folder(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.gz").write_bytes(b"1")
        (tmp_path / folder / "y.gz").write_bytes(b"22")
    (tmp_path / "z.gz").write_bytes(b"333")
    here = replay_dir(tmp_path, [tmp_path / "a" / "x.gz", tmp_path / "a" / "y.gz"])
    there = replay_dir(tmp_path, [tmp_path / "b" / "y.gz", tmp_path / "b" / "x.gz"])
    assert here == there
    assert here.path.name.startswith("replay-")
    assert len(here.path.name) == len("replay-") + 12
    assert replay_dir(tmp_path, [tmp_path / "z.gz"]) != here


def test_an_engines_directory_is_for_its_owner_alone(tmp_path: Path) -> None:
    directory = seed_dir(tmp_path / "state", 7)
    directory.create()
    assert mode(directory.path) == 0o700
    assert mode(directory.root) == 0o700
    directory.path.chmod(0o755)
    directory.root.chmod(0o755)
    directory.create()
    assert mode(directory.path) == 0o700
    assert mode(directory.root) == 0o755, "a directory that was there keeps its mode"


def test_a_place_that_cannot_be_private_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(TradedeckError, match="file: cannot be used: File exists"):
        make_private(tmp_path / "file")
    with pytest.raises(TradedeckError, match="link: is a link or another user's"):
        make_private(tmp_path / "link")


def test_a_socket_stands_in_its_engines_directory_where_that_fits() -> None:
    directory = seed_dir(Path("/s"), 7)
    assert directory.socket({}) == Path("/s/seed-7/control.sock")


def test_a_socket_path_that_is_too_long_moves_to_the_runtime_directory() -> None:
    long = Path("/" + "d" * 120)
    socket = seed_dir(long, 7).socket({"XDG_RUNTIME_DIR": "/run/user/7"})
    assert socket.parent == Path("/run/user/7/tradedeck")
    assert socket.suffix == ".sock"
    assert seed_dir(long, 8).socket({"XDG_RUNTIME_DIR": "/run/user/7"}) != socket


@pytest.mark.parametrize(
    ("env", "parent"),
    [
        ({}, "/tmp/tradedeck-{uid}"),
        ({"TMPDIR": "/t"}, "/t/tradedeck-{uid}"),
        ({"XDG_RUNTIME_DIR": "/" + "r" * 120, "TMPDIR": "relative"}, "/tmp/tradedeck-{uid}"),
    ],
)
def test_without_a_short_runtime_directory_the_temporary_one_will_do(
    env: dict[str, str], parent: str
) -> None:
    socket = seed_dir(Path("/" + "d" * 120), 7).socket(env)
    assert socket.parent == Path(parent.format(uid=os.geteuid()))


def test_the_engine_that_announced_itself_last_is_the_one_that_is_found(tmp_path: Path) -> None:
    assert find_running(tmp_path) is None
    announce(tmp_path, RunningEngine(1, "/a"))
    announce(tmp_path, RunningEngine(2, "/b"))
    assert find_running(tmp_path) == RunningEngine(2, "/b")
    assert [path.name for path in tmp_path.iterdir()] == ["current.json"]


def test_an_engine_takes_back_its_own_announcement_only(tmp_path: Path) -> None:
    announce(tmp_path, RunningEngine(1, "/a"))
    withdraw(tmp_path, 2)
    assert find_running(tmp_path) == RunningEngine(1, "/a")
    withdraw(tmp_path, 1)
    assert find_running(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x", "socket": "/a"}', '{"pid": null}'])
def test_a_damaged_announcement_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "current.json").write_text(text)
    assert find_running(tmp_path) is None

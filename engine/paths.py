"""Where an engine keeps its things: one directory for each market on paper and each account.

    <state directory>/current.json            the engine that `tradedeck status` asks
    <state directory>/seed-7/                 a synthetic market
    <state directory>/replay-1a2b3c4d5e6f/    a recorded one
    <state directory>/account-desk/           a configured account
        journal.db   halt.latch   control.sock

Directories are for the owner alone (0700). A socket path that the system would refuse moves to a
short one under the runtime directory.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from engine.errors import TradedeckError

SOCKET_PATH_MAX = 100
"""Bytes. Linux takes 107 and macOS 103."""


class EngineDir(NamedTuple):
    """The directory of one engine and the files in it; nothing is created before `create`."""

    root: Path
    path: Path

    @property
    def journal(self) -> Path:
        return self.path / "journal.db"

    @property
    def latch(self) -> Path:
        return self.path / "halt.latch"

    def create(self) -> None:
        """Make the directory, for its owner alone. Raises TradedeckError where that fails.

        A state directory that was there before keeps its mode: it may hold other things, too.
        """
        if not self.root.exists():
            make_private(self.root)
        make_private(self.path)

    def socket(self, env: Mapping[str, str]) -> Path:
        """The control socket's path; its directory may still have to be made."""
        wanted = self.path.absolute() / "control.sock"
        if _fits(wanted):
            return wanted
        name = f"{_short_hash([str(wanted)])}.sock"
        return next(filter(_fits, (place / name for place in _runtime_directories(env))))


class RunningEngine(NamedTuple):
    """What `current.json` says of the engine that started last."""

    pid: int
    socket: str


def state_root(env: Mapping[str, str], override: Path | None = None) -> Path:
    """The state directory: `override`, else under `XDG_STATE_HOME`, else under the home."""
    if override is not None:
        return override.expanduser().resolve()
    base = env.get("XDG_STATE_HOME", "")
    # The specification says that a relative path is to be ignored.
    home = Path(base) if base.startswith("/") else Path.home() / ".local" / "state"
    return home / "tradedeck"


def seed_dir(root: Path, seed: int) -> EngineDir:
    """Where the synthetic market of this seed is traded."""
    return EngineDir(root, root / f"seed-{seed}")


def replay_dir(root: Path, files: Iterable[Path]) -> EngineDir:
    """Where these recordings are traded: known by names and sizes, in whatever order and folder."""
    marks = sorted(f"{file.name}:{file.stat().st_size}" for file in files)
    return EngineDir(root, root / f"replay-{_short_hash(marks)}")


def newest_journal(root: Path) -> Path | None:
    """The journal under a state directory that was written last; None where there is none."""
    found = [(file.stat().st_mtime_ns, file) for file in root.glob("*/journal.db*")]
    if not found:
        return None
    newest = max(found)[1]
    return newest.with_name("journal.db")


def account_dir(root: Path, name: str) -> EngineDir:
    """Where the configured account of this name is traded."""
    return EngineDir(root, root / f"account-{name}")


def make_private(directory: Path) -> None:
    """Make a directory that only its owner may enter, or make sure that it is one.

    Raises TradedeckError when that fails, or when it is a link or belongs to somebody else.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.lstat()
        if stat.S_ISLNK(found.st_mode) or found.st_uid != os.geteuid():
            raise TradedeckError(f"{directory}: is a link or another user's; choose another place")
        if stat.S_IMODE(found.st_mode) & 0o077:
            directory.chmod(0o700)
    except OSError as error:
        raise TradedeckError(f"{directory}: cannot be used: {error.strerror}") from None


def announce(root: Path, running: RunningEngine) -> None:
    """Make `running` the engine that `tradedeck status` asks."""
    from engine.files import write_atomically_now  # `tradedeck status` reads, and starts fast

    content = json.dumps({"pid": running.pid, "socket": running.socket}) + "\n"
    write_atomically_now(root / "current.json", content, mode=0o600)


def withdraw(root: Path, pid: int) -> None:
    """Take the announcement back, unless another engine has announced itself since."""
    running = find_running(root)
    if running is not None and running.pid == pid:
        (root / "current.json").unlink(missing_ok=True)


def find_running(root: Path) -> RunningEngine | None:
    """The engine that announced itself last, which may have ended since; None without one."""
    try:
        raw = json.loads((root / "current.json").read_bytes())
        return RunningEngine(int(raw["pid"]), str(raw["socket"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _runtime_directories(env: Mapping[str, str]) -> list[Path]:
    own = f"tradedeck-{os.geteuid()}"
    runtime, temporary = env.get("XDG_RUNTIME_DIR", ""), env.get("TMPDIR", "")
    given = [Path(runtime, "tradedeck"), Path(temporary, own)]
    # The last one is short enough for any system.
    return [*(place for place in given if place.is_absolute()), Path("/tmp", own)]


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= SOCKET_PATH_MAX


def _short_hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:12]

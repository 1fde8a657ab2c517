"""Who knows whom, proved by running: each part loads alone and drags in nothing it may not know."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.structure.sources import ROOT, Source, python_files

# What would let the core read the world.
IMPURE = {
    *("asyncio", "concurrent", "http", "logging", "multiprocessing", "queue", "random", "secrets"),
    *("selectors", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "urllib"),
}
# What takes long to load.
HEAVY = {"aiofiles", "aiohttp", "asyncio", "prometheus_client", "rich", "tenacity", "textual"}

CORE = python_files("engine/core")
EXCHANGE = python_files("engine/exchange")


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter loads for one statement."""
    code = (
        f"import sys; before = set(sys.modules); {statement}; "
        "print(*sorted(set(sys.modules) - before))"
    )
    return set(ran(code).split())


def ran(code: str) -> str:
    """What a fresh interpreter prints."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=bare,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def tops(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if tops({name}) <= {"engine", "console"}}


def below(package: str, modules: set[str]) -> set[str]:
    return {name for name in modules if name == package or name.startswith(package + ".")}


def strangers(sources: list[Source], *, allowed: set[str]) -> list[str]:
    """Imports, wherever they stand, of anything but the standard library and `allowed`."""
    return [
        f"{source.name} imports {name}"
        for source in sources
        for name in source.imports
        if not tops({name}) <= sys.stdlib_module_names
        and not any(below(package, {name}) for package in allowed)
    ]


@pytest.mark.parametrize("module", [source.module for source in CORE])
def test_a_module_of_the_core_loads_alone_and_nothing_impure(module: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert ours(loaded) == below("engine.core", loaded) | {"engine"}
    assert tops(loaded) & (IMPURE | HEAVY) == set()


def test_the_core_uses_only_the_standard_library_and_msgspec() -> None:
    assert strangers(CORE, allowed={"engine.core", "msgspec"}) == []


def test_no_line_of_the_core_imports_anything_impure() -> None:
    found = [
        f"{source.name} imports {name}"
        for source in CORE
        for name in source.imports
        if tops({name}) & (IMPURE | {"os", "pathlib", "shutil", "time"})
    ]
    assert found == []


def test_importing_engine_loads_nothing_until_it_is_asked_for() -> None:
    loaded = loaded_by("import engine")
    assert ours(loaded) == {"engine"}
    assert tops(loaded) & (IMPURE | HEAVY | {"msgspec"}) == set()


def test_importing_console_or_its_link_loads_no_screen() -> None:
    assert ours(loaded_by("import console")) == {"console"}
    loaded = loaded_by("import console.link")
    assert tops(loaded) & (IMPURE | HEAVY) == set()
    assert ours(loaded) <= {"console", "console.link", "engine"} | below("engine.core", loaded)


@pytest.mark.parametrize("module", [source.module for source in EXCHANGE])
def test_the_exchange_loads_without_the_engine(module: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert ours(loaded) == below("engine.exchange", loaded) | {"engine"}
    assert tops(loaded) & {"prometheus_client", "rich", "tenacity", "textual"} == set()


def test_the_exchange_uses_only_the_standard_library_and_what_reads_its_wire() -> None:
    allowed = {"engine.exchange", "httptools", "msgspec", "websockets"}
    assert strangers(EXCHANGE, allowed=allowed) == []


def test_the_engine_loads_with_no_screen() -> None:
    loaded = loaded_by("import engine.bootstrap")
    assert tops(loaded) & {"console", "rich", "textual"} == set()


def test_the_first_picture_is_drawn_before_toolkit_engine_and_console_are_loaded() -> None:
    code = (
        "import os, sys; from console import supervisor; from console.cli import main\n"
        "class Shown(supervisor.Terminal):\n"
        "    def __init__(self, *_): pass\n"
        "    def size(self): return 120, 40\n"
        "    def take(self, picture):\n"
        "        print(*sys.modules, flush=True)\n"
        "        os._exit(0)\n"
        "supervisor.Terminal, supervisor.terminal_problem = Shown, lambda *_: None\n"
        "main([])"
    )
    loaded = set(ran(code).split())
    assert tops(loaded) & (HEAVY | {"concurrent", "difflib", "logging", "socket", "ssl"}) == set()
    parts = {"actions", "guardian", "keymap", "opening", "options", "supervisor", "terminal"}
    parts |= {"screens", "screens.layout", "views", "views.footer"}
    screen = below("console", loaded) - below("console.cli", loaded)
    assert screen == {"console"} | {f"console.{part}" for part in parts}
    rooms = {name.split(".")[1] for name in below("engine", loaded) if "." in name}
    assert rooms == {"config", "core", "decimals", "errors", "paths"}

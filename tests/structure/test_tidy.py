"""The house rules, as tests: sizes, banned calls, plain text, a test for every module."""

from __future__ import annotations

import ast
import builtins
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import chain

from tests.structure.sources import PACKAGES, ROOT, Source, python_files, text_files

SOURCES = python_files(*PACKAGES)
LONGEST_FILE = 400
LONGEST_FUNCTION = 50

# "path function": why it may be longer.
LONG_FUNCTIONS: dict[str, str] = {}

# Module, or a pattern of modules: why it has no test file of its own.
TESTED_ELSEWHERE = {
    "console.link": "an interface; tests/console/test_replica.py drives it",
    "engine.core.commands": "message types; tests/engine/core/decide/test_commands.py gives each",
    "engine.core.context": "a plain record; every test of decide builds one",
    "engine.core.decide.judge": "the table of deciders; every test of one goes through it",
    "engine.core.events": "message types; tests/engine/core/test_state.py folds each",
    "engine.core.instruments": "a plain record; tests/engine/core/risk measures by it",
    "engine.core.ledger.by_hand": "what folds book; decide/test_drift.py folds each",
    "engine.core.limits.events": "message types; decide/test_limits.py makes each",
    "engine.core.market": "a plain record; tests/engine/core/risk measures by it",
    "engine.core.orders.events": "message types; tests/engine/core/test_state.py folds each",
    "engine.core.orders.late_accept": "decide/test_lookups.py gives each life after absence",
    "engine.core.reconcile.evidence": "plain records; decide/test_lookups.py fills each",
    "engine.core.reports": "message types; tests/engine/venues reads and writes each",
    "engine.core.requests": "message types; tests/engine/core/test_react.py expects each",
    "engine.core.risk.*": "parts of risk, which tests/engine/core/risk drives",
    "engine.core.seen": "part of State; tests/engine/core/test_state.py fills it",
    "engine.exchange.*": "seen from outside only: through requests, streams and fills",
    "engine.hosts.serving": "opens what control/test_server.py serves; test_live.py finds it",
    "engine.router.*": "parts of OrderRouter, which tests/engine/router/test_router.py drives",
    "engine.summary.export": "tests/engine/test_files.py asks it for what it asks the other",
    "engine.venues.bybit.*": "parts of the client, which test_client.py and test_codec.py drive",
    "engine.venues.errors": "plain exceptions; tests/engine/router raises each",
    "engine.venues.protocol": "an interface; tests/engine/venues/bybit covers its implementation",
    "engine.venues.reasons": "a closed set; tests/engine/venues/bybit/test_retcodes.py maps to it",
}

# Time, chance and the screen reach the engine as arguments. Each is the start of a full name.
BANNED_IN_ENGINE = (
    "time.",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "random.",
    "secrets.",
    "uuid.uuid1",
    "uuid.uuid4",
    "os.urandom",
    "print",
    "input",
)
ALLOWED_IN_ENGINE = {"random.Random": "a seeded source is an argument, too"}
# File: what it may use all the same, and why.
MAY_USE: dict[str, tuple[str, ...]] = {
    # The one place where time comes from.
    "engine/clock.py": ("time.",),
    # How long a commit takes is the disk's own time, also where virtual time stands still for it.
    "engine/journal/journal.py": ("time.monotonic",),
    # The process that wrote for a killed engine ends when it ends.
    "engine/journal/ownership.py": ("time.monotonic", "time.sleep"),
    # Ids of the commands it gives by itself must be new in every run of the program.
    "engine/hosts/embedded.py": ("secrets.token_hex",),
    # What masks a frame may not be foreseen by whoever chose the text (RFC 6455, 10.3).
    "engine/venues/framing.py": ("secrets.token_bytes",),
}


def full_names(tree: ast.Module) -> dict[str, str]:
    """What imported names stand for: {"now": "time.time"} for `from time import time as now`."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                names[bound] = alias.name if alias.asname else bound
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def references(source: Source) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported or built in that the code refers to."""
    names = full_names(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            head, dot, rest = ast.unparse(node).partition(".")
            if head in names:
                yield node.lineno, names[head] + dot + rest
            elif head in dir(builtins):
                yield node.lineno, head


def is_banned(name: str, source: Source) -> bool:
    return (
        name.startswith(BANNED_IN_ENGINE)
        and name not in ALLOWED_IN_ENGINE
        and not name.startswith(MAY_USE.get(source.name, ()))
    )


def has_own_test(source: Source) -> bool:
    """True for console/entry.py when tests/console has test_entry.py, or parts test_entry_*.py."""
    folder = (ROOT / "tests" / source.name).parent
    stem = f"test_{source.path.stem}"
    return (folder / f"{stem}.py").exists() or any(folder.glob(f"{stem}_*.py"))


def test_a_file_fits_in_one_reading() -> None:
    assert [f"{s.name} {len(s.lines)}" for s in SOURCES if len(s.lines) > LONGEST_FILE] == []


def test_a_function_fits_on_one_screen() -> None:
    long = {
        f"{source.name} {function.name}": source.code_lines(function)
        for source in SOURCES
        for function in source.functions
        if source.code_lines(function) > LONGEST_FUNCTION
    }
    assert {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS} == {}
    assert LONG_FUNCTIONS.keys() <= long.keys(), "an exception that is no longer needed"


def test_every_module_says_what_it_is_for() -> None:
    silent = [s.name for s in SOURCES if s.tree.body and not ast.get_docstring(s.tree)]
    assert silent == []


def test_the_engine_takes_time_and_chance_as_arguments() -> None:
    found = [
        f"{source.name}:{line} {name}"
        for source in python_files("engine")
        for line, name in references(source)
        if is_banned(name, source)
    ]
    assert found == []


def test_only_the_command_line_prints() -> None:
    found = [
        f"{source.name}:{line}"
        for source in python_files("console")
        for line, name in references(source)
        if name in {"print", "input"} and not source.name.startswith("console/cli")
    ]
    assert found == []


def test_no_text_is_ever_read_as_markup() -> None:
    pattern = re.compile(r"markup\s*=\s*True|\.from_markup\b")
    assert _lines_with(pattern) == []


def test_nothing_is_left_to_do_later() -> None:
    assert _lines_with(re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")) == []


def test_the_project_names_no_machine_and_no_registry() -> None:
    # Spelled apart, so that this file does not find itself.
    hosts = "|".join(re.escape(name + ".org") for name in ("pypi", "pythonhosted", "npmjs"))
    folders = "|".join(("work", "farm", "root", "home"))
    pattern = re.compile(rf"{hosts}|--(?:extra-)?index-url|(?<![\w.:*~/-])/(?:{folders})/")
    found = []
    for path in text_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        name = path.relative_to(ROOT).as_posix()
        found += [
            f"{name}:{number}"
            for number, line in enumerate(text.splitlines(), 1)
            if pattern.search(line)
        ]
    assert found == []


def test_every_module_has_a_test_file_of_its_own() -> None:
    untested = [s.module for s in SOURCES if s.path.name[:2] != "__" and not has_own_test(s)]
    excused = {
        pattern: [module for module in untested if fnmatch(module, pattern)]
        for pattern in TESTED_ELSEWHERE
    }
    assert sorted(set(untested) - set(chain(*excused.values()))) == []
    assert [p for p, modules in excused.items() if not modules] == [], "no longer needed"


def test_tests_are_found_by_path_and_need_no_packages() -> None:
    assert [s.name for s in python_files("tests") if s.path.name == "__init__.py"] == []


def test_themes_are_data() -> None:
    themes = [p for p in sorted((ROOT / "themes").iterdir()) if p.name != "__pycache__"]
    assert themes, "no theme at all"
    assert [p.name for p in themes if p.suffix != ".toml"] == []
    for theme in themes:
        assert tomllib.loads(theme.read_text(encoding="utf-8")), theme.name


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{source.name}:{number} {line.strip()}"
        for source in SOURCES
        for number, line in enumerate(source.lines, 1)
        if pattern.search(line)
    ]

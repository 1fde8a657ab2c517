"""The project's own files, read as text and as syntax trees."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("engine", "console")
NOT_OURS = {".git", ".venv", "__pycache__", "build", "dist", "htmlcov", "snapshot_report.html"}


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the root of the checkout, with forward slashes."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        """Its import name."""
        return self.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    @property
    def imports(self) -> Iterator[str]:
        """Every module named by an import statement, wherever it stands."""
        package = self.module if self.path.name == "__init__.py" else self.module.rpartition(".")[0]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                parts = [*(above if node.level else []), *filter(None, [node.module])]
                # `from engine import core` names a module too.
                yield from (".".join([*parts, alias.name]) for alias in node.names)

    @property
    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def code_lines(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        """The lines of a function that are neither blank, comment nor its docstring."""
        first = function.body[0]
        described = range(first.lineno, (first.end_lineno or 0) + 1)
        if ast.get_docstring(function) is None:
            described = range(0)
        lines = {
            number: self.lines[number - 1].strip()
            for number in range(function.lineno, (function.end_lineno or 0) + 1)
        }
        return sum(
            number not in described and line != "" and not line.startswith("#")
            for number, line in lines.items()
        )


def python_files(*folders: str) -> list[Source]:
    """Every Python file below these folders of the checkout, in a fixed order."""
    return [
        Source(path)
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not NOT_OURS & set(path.relative_to(ROOT).parts)
    ]


def text_files() -> Iterator[Path]:
    """Every file of the checkout that a person might read; caches and hidden folders left out."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(f for f in folders if f == ".ci" or not (f in NOT_OURS or f[0] == "."))
        # A linked worktree has `.git` as a file.
        yield from (Path(folder, name) for name in sorted(names) if name not in NOT_OURS)

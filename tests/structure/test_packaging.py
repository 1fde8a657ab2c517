"""What is installed is what is here: pinned, hashed, and with its themes."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.structure.sources import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]
RUN = PROJECT["project"]["dependencies"]
OWN = [group for name, group in GROUPS.items() if name != "clients"]
SPEED = PROJECT["project"]["optional-dependencies"]["speed"]
# Lock -> what it must pin.
LOCKS = {
    "requirements.lock": [PROJECT["build-system"]["requires"], RUN, SPEED, *OWN],
    "tests/clients/requirements.lock": [RUN, GROUPS["clients"]],
}


def read_lock(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_everything_that_the_project_asks_for(name: str) -> None:
    pins = {
        canonicalize_name(found): version
        for found, version in re.findall(
            r"^([A-Za-z0-9._-]+)==(\S+)", read_lock(name), re.MULTILINE
        )
    }
    unlocked = [
        str(requirement)
        for requirement in (Requirement(line) for group in LOCKS[name] for line in group)
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"))
    ]
    assert unlocked == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_of_a_lock_carries_a_hash(name: str) -> None:
    pins = re.split(r"^(?=\S)", read_lock(name), flags=re.MULTILINE)[1:]
    assert [pin.partition(" ")[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_a_wheel_holds_the_program_its_parts_and_its_themes(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [metadata] = [name for name in names if name.endswith("entry_points.txt")]
        assert "tradedeck = console.cli:main" in archive.read(metadata).decode()
    expected = {
        path.relative_to(ROOT).as_posix()
        for folder, suffix in (("engine", ".py"), ("console", ".py"), ("themes", ".toml"))
        for path in (ROOT / folder).rglob(f"*{suffix}")
    }
    assert expected <= names
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {
        "console",
        "engine",
        "themes",
    }

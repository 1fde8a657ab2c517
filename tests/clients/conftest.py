"""A simulated exchange in a process of its own, for clients that know nothing of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest

KEY, SECRET = "KEY", "SECRET"


class Address(NamedTuple):
    """Where the exchange listens."""

    http: str

    @property
    def ws(self) -> str:
        return self.http.replace("http", "ws", 1)


@pytest.fixture(scope="session")
def address() -> Iterator[Address]:
    """The exchange that every test of this folder trades on, each in its own corner."""
    options = ["--port", "0", "--api-key", KEY, "--api-secret", SECRET, "--seed", "3"]
    # pybit begins to listen for an answer after it has sent the request: give it time to.
    options += ["--latency-ms", "10"]
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "exchange", *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield Address(process.stdout.readline().split()[3].rstrip(","))
    finally:
        process.terminate()
        process.stdout.close()
        assert process.wait(10) == 0

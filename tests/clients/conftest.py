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


def serve(latency_ms: int) -> Iterator[Address]:
    """Run an exchange until the tests are done with it."""
    options = ["--port", "0", "--api-key", KEY, "--api-secret", SECRET, "--seed", "3"]
    options += ["--latency-ms", str(latency_ms)]
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "exchange", *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield Address(process.stdout.readline().split()[3].rstrip(","))
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.fixture(scope="session")
def address() -> Iterator[Address]:
    """An exchange that answers at its usual pace."""
    yield from serve(2)


@pytest.fixture(scope="session")
def patient() -> Iterator[Address]:
    """An exchange that takes its time.

    pybit begins to wait for an answer after it has sent the request. On a busy machine there may
    be a while between the two, and an answer in it would be lost.
    """
    yield from serve(100)

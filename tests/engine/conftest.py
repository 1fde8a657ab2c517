"""The engine's world in memory, and over real sockets."""

from __future__ import annotations

import pytest

from tests.support.wire import use_sockets


@pytest.fixture(params=["memory", "sockets"])
def any_transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test twice: on the exchange in this process, and on the same one served on loopback."""
    if request.param == "sockets":
        use_sockets(monkeypatch)

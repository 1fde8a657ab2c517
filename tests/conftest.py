"""What every test starts from: one time zone, one terminal, a home of its own, fixed examples."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

os.environ["TZ"] = "UTC"
time.tzset()

# The same examples on every machine: a failure is a fact about the code, not about the day.
settings.register_profile(
    "tradedeck",
    database=None,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tradedeck")


@pytest.fixture(scope="session", autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests out of the operator's state and settings, and those out of the tests."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith(("TRADEDECK_", "XDG_"))]:
            if name not in {"TRADEDECK_SCENARIOS", "TRADEDECK_PNL_VECTORS"}:
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("TERM", "xterm-256color")
        patch.setenv("COLORTERM", "truecolor")
        patch.delenv("NO_COLOR", raising=False)
        yield


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The recordings and vectors beside the checkout; without them the test is skipped."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"{folder.name}/ is not beside this checkout")
    return folder

"""Option values: read where they stand, refused with what would be right."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from console.cli.parsing import (
    UsageError,
    check_market_options,
    milliseconds,
    seconds,
    speed,
    whole,
)


def test_whole_numbers_are_in_their_range() -> None:
    assert whole(0, 65_535)("0") == 0
    assert whole(-5, 5)("-5") == -5


@pytest.mark.parametrize("text", ["", "x", "1.0", "-1", "65536", "٣", "1_0", "9" * 30])
def test_what_is_no_whole_number_of_the_range_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a whole number from 0 to 65535"):
        whole(0, 65_535)(text)


@pytest.mark.parametrize("text", ["1", "10", "0.5", "max"])
def test_a_speed_is_a_number_or_max(text: str) -> None:
    assert speed(text) == text


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast"])
def test_any_other_speed_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"market seconds a second.*or max"):
        speed(text)


def test_durations_are_finite_and_latencies_not_negative() -> None:
    assert (seconds("1.5"), milliseconds("0")) == (1.5, 0.0)
    for reader, text in ((seconds, "0"), (seconds, "inf"), (milliseconds, "-1")):
        with pytest.raises(argparse.ArgumentTypeError, match="is not a number"):
            reader(text)


def options(*files: Path, seed: int | None = None) -> argparse.Namespace:
    return argparse.Namespace(replay=list(files) or None, seed=seed)


def test_recordings_are_files_that_are_there_and_given_once(tmp_path: Path) -> None:
    file = tmp_path / "x.gz"
    file.touch()
    (tmp_path / "link.gz").symlink_to(file)
    check_market_options("t", options())
    check_market_options("t", options(file))
    for found, problem in (
        (options(tmp_path / "y.gz"), "y.gz: does not exist"),
        (options(tmp_path), "is not a file"),
        (options(file, tmp_path / "link.gz"), "a file is given twice"),
        (options(file, seed=1), "--replay and --seed are two markets; choose one"),
    ):
        with pytest.raises(UsageError, match=f"^t: .*{problem}$"):
            check_market_options("t", found)

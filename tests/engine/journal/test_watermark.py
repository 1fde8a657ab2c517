from __future__ import annotations

from pathlib import Path

import pytest

from engine.journal.watermark import Watermark, read_watermark


def test_the_note_survives_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    mark = Watermark(path, 3)
    assert read_watermark(path) == 3
    mark.raise_to(1_000_000)
    assert read_watermark(path) == 1_000_000
    mark.close(keep=True)
    assert read_watermark(path) == 1_000_000


def test_a_journal_closed_in_order_leaves_no_note(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Watermark(path, 3).close(keep=False)
    assert not list(tmp_path.iterdir())
    assert read_watermark(path) == 0


@pytest.mark.parametrize("text", ["", "many", "00000000000000000003\n"])
def test_an_illegible_note_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "journal.db.acked").write_text(text)
    assert read_watermark(tmp_path / "journal.db") == 0

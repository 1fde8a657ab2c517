"""`tradedeck risk explain`: the denial, the limits, and what else it can be asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.cli import main
from tests.engine.test_explain import journal

PAGE = """\
z1  BUY 0.010 BTCUSDT @ 90000
DENIED PRICE_COLLAR
  value       90000
  limit       48000.00 to 66000.00
  would pass  at most 66000
  measured at 60000
LIMITS
  ok TICK_SIZE              90000 of steps of 0.1
  ok QTY_STEP               0.01 of steps of 0.001
  ok MIN_QTY                0.01 of 0.001
  ok MAX_QTY                0.01 of 100  0.0 %
  ok MIN_NOTIONAL           900 of 5
  ok MAX_ORDER_NOTIONAL     900 of 1000000  0.1 %
  NO PRICE_COLLAR           90000 of 48000.00 to 66000.00
  ok MAX_POSITION           1200 of 10000000  0.0 %
  ok MAX_OPEN_ORDERS        2 of 2000  0.1 %
  ok ORDER_RATE             2 in the last second of 1000 a second  0.2 %
"""


def explain(*words: str) -> int:
    return main(["risk", "explain", *words])


def test_a_denial_is_shown_with_every_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = journal(tmp_path)
    assert explain("z1", "--journal", str(path)) == 0
    assert capsys.readouterr() == (PAGE, "")


def test_as_json_it_has_the_event_and_the_readings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = journal(tmp_path)
    assert explain("z1", "--json", "--journal", str(path)) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["client_order_id"] == "z1"
    assert document["denied"]["code"] == "PRICE_COLLAR"
    assert document["denied"]["passes"] == "at most 66000"
    assert document["limits"][6] == {
        "code": "PRICE_COLLAR",
        "value": "90000",
        "limit": "48000.00 to 66000.00",
        "passed": False,
        "share": None,
    }
    assert document["refused"] == []


def test_a_refused_amend_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = journal(tmp_path)
    assert explain("a1", "--journal", str(path)) == 0
    assert capsys.readouterr().out == (
        "a1\nAmendOrder refused: PRICE_COLLAR 90000 (limit 48000.00 to 66000.00)\n"
    )


def test_the_newest_journal_of_the_state_directory_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "seed-7").mkdir()
    journal(tmp_path / "seed-7")
    assert explain("z1", "--state-dir", str(tmp_path)) == 0
    assert capsys.readouterr().out == PAGE


def test_an_order_that_nothing_was_refused_of_is_said_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = journal(tmp_path)
    assert explain("b1", "--journal", str(path)) == 1
    assert capsys.readouterr().out == "b1 was not denied, and nothing about it refused\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("zz1", "--journal", "journal.db"), "no order 'zz1' in this journal"),
        (("z1", "--journal", "none.db"), "--journal none.db: does not exist"),
        (("z1", "--state-dir", "empty"), "no journal in "),
    ],
)
def test_what_cannot_be_explained_is_a_misuse(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    complaint: str,
) -> None:
    journal(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert explain(*words) == 2
    assert complaint in capsys.readouterr().err

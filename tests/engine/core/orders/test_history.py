from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from engine.core.orders.history import Execution, Fill, HistoryEntry
from engine.core.types import OrderState

TOLD = Execution(Decimal("1E-8"), Decimal(100), exec_id="e1")
LINE = HistoryEntry(4, "PARTIAL_FILL", OrderState.PARTIALLY_FILLED, TOLD)


def test_an_execution_reads_as_quantity_and_price_in_full() -> None:
    assert TOLD.words == "0.00000001 @ 100"
    assert Fill(Decimal(4), Decimal("100.0")).words == "4 @ 100.0"


def test_a_line_has_the_words_of_the_execution_that_it_tells_of() -> None:
    assert LINE.text == "0.00000001 @ 100"
    assert LINE.in_words().told == "0.00000001 @ 100"
    assert HistoryEntry(5, "note", OrderState.NEW, "seen").text == "seen"


def test_lines_that_read_the_same_are_equal() -> None:
    assert LINE.in_words() == LINE
    assert HistoryEntry(5, LINE.type, LINE.state, LINE.told) != LINE
    assert LINE != "0.00000001 @ 100"


@pytest.mark.parametrize("line", [LINE, LINE.in_words()], ids=["execution", "words"])
def test_a_line_comes_back_from_json_as_it_was(line: HistoryEntry) -> None:
    back = msgspec.json.decode(msgspec.json.encode(line), type=HistoryEntry)
    assert back.told == line.told
    assert back == line

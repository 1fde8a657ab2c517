"""The faults file: what it may say, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.exchange.faults import FaultsError, Rule, read_plan

TOML = """
seed = 5

[[fault]]
kind = "ack_lost"
rate = 0.05
on = "/v5/order/create"

[[fault]]
kind = "refuse"
nth = 3
code = 170007
executed = true
"""
LINES = """
{"seed": 5}
{"kind": "ack_lost", "rate": 0.05, "on": "/v5/order/create"}

{"kind": "refuse", "nth": [3], "code": 170007, "executed": true}
"""


@pytest.mark.parametrize(("name", "text"), [("faults.toml", TOML), ("faults.jsonl", LINES)])
def test_both_forms_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    plan = read_plan(file)
    assert plan.seed == 5
    assert plan.rules == [
        Rule(kind="ack_lost", rate=0.05, on="/v5/order/create"),
        Rule(kind="refuse", nth=[3], code=170007, executed=True),
    ]


def test_what_a_kind_does_not_say_has_a_default(tmp_path: Path) -> None:
    file = tmp_path / "faults.jsonl"
    file.write_text('{"kind": "restart", "nth": 1}')
    assert read_plan(file).rules == [Rule(kind="restart", nth=[1], ms=2000)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"kind": "ack_lots"}', "kind 'ack_lots' is not known; did you mean \"ack_lost\"?"),
        ('{"kind": "cut", "rat": 1}', "(cut): unknown key 'rat'; did you mean \"rate\"?"),
        ('{"kind": "ack_lost", "rate": 1, "code": 1}', "line 1 (ack_lost): unknown key 'code'"),
        ('{"kind": "ack_lost"}', "give exactly one of rate, nth, every"),
        ('{"kind": "ack_lost", "rate": 0.1, "nth": 2}', "give exactly one of rate, nth, every"),
        ('{"kind": "ack_lost", "rate": 5}', "rate is a share of the chances, from 0 to 1"),
        ('{"kind": "ack_lost", "rate": "1"}', "Expected `float`, got `str`"),
        ('{"kind": "ack_lost", "nth": 0}', "nth counts from one"),
        ('{"kind": "http_error", "nth": 1, "status": 7}', "status 7 is no HTTP status"),
        ('{"rate": 1}', "kind None is not known: one of ack_lost"),
        ('{"seed": "x"}', "seed is a whole number"),
        ("[1]", "line 1 is not a table"),
        ("{", "line 1: Input data was truncated"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, line: str, problem: str) -> None:
    file = tmp_path / "faults.jsonl"
    file.write_text(line)
    with pytest.raises(FaultsError) as refused:
        read_plan(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sed = 1", "unknown key 'sed'; did you mean \"seed\"?"),
        ('[fault]\nkind = "cut"', "write [[fault]] above each"),
        ("fault = ", "Invalid value"),
    ],
)
def test_toml_is_checked_as_a_whole(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(text)
    with pytest.raises(FaultsError) as refused:
        read_plan(file)
    assert problem in str(refused.value)

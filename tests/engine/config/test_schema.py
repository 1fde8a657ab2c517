"""Tables of known keys: they agree with what they fill, and name places in messages."""

from __future__ import annotations

import pytest

from engine.config import _ACCOUNT, _CONSOLE, AccountConfig, ConsoleConfig
from engine.config.risk import RISK
from engine.config.schema import Document, Each, Table, dotted
from engine.config.values import text, whole
from engine.core.limits import RiskLimits
from engine.errors import ConfigError


def test_every_known_key_is_a_field_and_every_field_has_a_key() -> None:
    assert set(RISK) == set(RiskLimits.__struct_fields__)
    assert set(_CONSOLE) == set(ConsoleConfig.__struct_fields__)
    assert {"name", *_ACCOUNT} == set(AccountConfig.__struct_fields__)


def test_odd_names_are_quoted_in_a_path() -> None:
    assert dotted(("accounts", "a_b-1", "é", "x y")) == 'accounts.a_b-1."\\u00e9"."x y"'


def test_a_long_value_is_cut_in_a_message() -> None:
    document = Document({"a": "x" * 500}, "f")
    with pytest.raises(ConfigError) as refused:
        document.read(Table({"a": whole(1, 2)}))
    assert len(str(refused.value)) < 140


def test_below_a_secret_table_no_value_is_shown() -> None:
    document = Document({"a": {"b": {"c": "hush"}}}, "f")
    schema = Table({"a": Each(text, Table({"c": whole(1, 2)}), secret=True)})
    with pytest.raises(ConfigError) as refused:
        document.read(schema)
    assert str(refused.value) == "f: a.b.c: it must be a whole number from 1 to 2"


def test_a_table_in_the_place_of_a_value_is_named_as_one() -> None:
    with pytest.raises(ConfigError, match=r"^f: a: a table is wrong, it must be a whole number"):
        Document({"a": {}}, "f").read(Table({"a": whole(1, 2)}))


def test_a_variable_that_is_too_deep_to_read_is_text() -> None:
    document = Document({}, "f")
    document.override(Table({"a": text}), {"TRADEDECK_A": "[" * 5_000})
    assert document.read(Table({"a": text})) == {"a": "[" * 5_000}

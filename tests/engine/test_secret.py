"""A secret is not shown by anything that shows values."""

from __future__ import annotations

import json
import pickle

import msgspec
import pytest

from engine.secret import Secret

CANARY = "canary-9f2e"


def test_only_reveal_gives_a_secret_away() -> None:
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    shown = [repr(secret), str(secret), f"{secret}", f"{[secret]}", f"{ {'secret': secret} }"]
    assert [text for text in shown if CANARY in text] == []
    assert repr(secret) == "***"


def test_a_secret_is_not_written_down() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(CANARY))
    with pytest.raises(TypeError):
        json.dumps({"secret": Secret(CANARY)})
    with pytest.raises(TypeError):
        msgspec.json.encode(Secret(CANARY))

import pytest

import engine
from engine import _HOME_OF


def test_every_public_name_has_a_home_and_resolves() -> None:
    assert sorted(_HOME_OF) == dir(engine)
    for name in engine.__all__:
        assert getattr(engine, name) is not None


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'creat_client'"):
        engine.creat_client  # noqa: B018

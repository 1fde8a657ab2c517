from __future__ import annotations

import hashlib
from typing import cast

import msgspec

from engine.core.saved_state import FORM, SavedState


def shape(schema: object) -> object:
    """A schema without what only people read."""
    if isinstance(schema, dict):
        return {key: shape(value) for key, value in schema.items() if key != "description"}
    return [shape(item) for item in schema] if isinstance(schema, list) else schema


def test_whoever_changes_what_is_saved_raises_its_form() -> None:
    schema = cast(dict[str, object], shape(msgspec.json.schema(SavedState)))
    digest = hashlib.sha256(msgspec.json.encode(schema, order="sorted")).hexdigest()
    assert (FORM, digest[:16]) == (2, "ec390b055d7d7e73")

"""Private messages whose rows look like rows that were read with care before.

Reading with care (strict.py) costs more than everything else that is done with a message, and the
venue's rows of a topic all have the same keys. A type that demands every one of them and forbids
any other leaves one question: whether the message has as many colons as keys. Then no key was
given twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

import msgspec

from engine.venues.bybit.rows import ExecutionRow, OrderRow, PositionRow

ROWS: Mapping[str, type[msgspec.Struct]] = {
    "order": OrderRow,
    "execution": ExecutionRow,
    "position": PositionRow,
}
"""Topics whose rows are learned, and what the engine reads of such a row."""

_ENVELOPE = frozenset({"id", "topic", "creationTime", "data"})
_LEARNED_MAX = 50
"""Then an account whose rows are of several kinds goes on with what it knows."""

_decode_any = msgspec.json.Decoder().decode


class _Shape(NamedTuple):
    """A message type, how many keys each of its rows has, and which of them hold an object."""

    message: type[msgspec.Struct]
    keys: int
    objects: tuple[str, ...]


class Shapes:
    """Reads messages of the newest shape of their topic. It knows none at the start."""

    def __init__(self) -> None:
        self._by_topic: dict[str, _Shape] = {}
        self._by_type: dict[type, tuple[str, _Shape]] = {}
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._left = _LEARNED_MAX

    def read(self, message: bytes) -> tuple[str, list[Any]] | None:
        """Topic and rows of a message of a known shape in which no key is given twice, else None.

        A row has the attributes of its topic's type in `ROWS`. None proves nothing: the message
        is to be read with care.
        """
        if self._decoder is None:
            return None
        try:
            decoded = self._decoder.decode(message)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        topic, shape = self._by_type[type(decoded)]
        rows: list[Any] = decoded.data
        keys = len(_ENVELOPE) + len(rows) * shape.keys
        for name in shape.objects:
            keys += sum(len(getattr(row, name)) for row in rows)
        # A colon in a text, or a key of an object inside an object, makes it more.
        return (topic, rows) if message.count(b":") == keys else None

    def learn(self, topic: str, message: bytes) -> None:
        """Know messages like this one from now on. It has been read with care, and is sound."""
        if topic not in ROWS or not self._left:
            return
        envelope = _decode_any(message)
        rows = envelope["data"]
        if envelope.keys() != _ENVELOPE or not rows:
            return
        if any(row.keys() != rows[0].keys() for row in rows):
            return
        self._left -= 1
        self._by_topic[topic] = _shape_of(topic, rows[0])
        self._by_type = {known.message: (name, known) for name, known in self._by_topic.items()}
        kinds: Any = reduce(or_, self._by_type)
        self._decoder = msgspec.json.Decoder(kinds)


def _shape_of(topic: str, row: Mapping[str, Any]) -> _Shape:
    """The shape of messages with rows like `row`: fields in its order, which decodes fastest."""
    read = {field.encode_name: field for field in msgspec.structs.fields(ROWS[topic])}
    names = {
        key: read[key].name if key in read else f"unread_{number}" for number, key in enumerate(row)
    }
    types = {key: dict if isinstance(value, dict) else Any for key, value in row.items()}
    fields: list[Any] = [
        (name, read[key].type if key in read else types[key]) for key, name in names.items()
    ]
    # What this row lacks keeps its default; where another row has it, the colons are too many.
    fields += [
        (field.name, field.type, field.default) for key, field in read.items() if key not in row
    ]
    row_type = msgspec.defstruct(
        f"{topic}_row",
        fields,
        rename={name: key for key, name in names.items()},
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    )
    message = msgspec.defstruct(
        topic,
        [("id", str), ("creationTime", int), ("data", list[row_type])],  # type: ignore[valid-type]
        tag_field="topic",
        tag=topic,
        forbid_unknown_fields=True,
        gc=False,
    )
    objects = tuple(names[key] for key, value in row.items() if isinstance(value, dict))
    return _Shape(message, len(row), objects)

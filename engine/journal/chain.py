"""The hash that ties each row to all rows before it, and the first one to the journal's owner."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import NamedTuple

SCHEMA = 1
"""Version of the tables; a journal with a higher one was written by a newer program."""


class Identity(NamedTuple):
    """Whose events a journal holds."""

    account: str
    environment: str
    venue: str


def genesis(identity: Identity) -> bytes:
    """Return the hash before the first row."""
    text = json.dumps((SCHEMA, *identity), ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).digest()


def link(previous: bytes, seq: int, ts: object, kind: bytes, event: bytes) -> bytes:
    """Return the hash of a row whose predecessor has the hash `previous`.

    `ts` is an int where nobody changed the row; whatever else was put there has a hash, too.
    """
    return sha256(b"%b%d %a %b %b" % (previous, seq, ts, kind, event)).digest()


def seal(row_hash: bytes, state: bytes) -> bytes:
    """Return the hash of a snapshot taken after the row that has `row_hash`."""
    return sha256(row_hash + state).digest()

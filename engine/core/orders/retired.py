"""What is left in memory of orders that went to the journal: enough to know them again.

An order leaves 20 bytes for each of its two ids: a digest of it, and where in the journal its
events are. A digest may be another id's too, if hardly ever: whoever finds one asks the journal,
which has the last word.
"""

from __future__ import annotations

from collections import defaultdict
from struct import Struct
from typing import NamedTuple
from zlib import adler32, crc32

import msgspec

from engine.core.orders.state import Order

_KEY = Struct(">II")  # two checksums of the id
_PLACE = Struct(">QI")  # number of the first event, how many follow; the highest bit: external
_WIDTH = _KEY.size + _PLACE.size
_EXTERNAL = 1 << 31
_SHELVES = 1 << 12


class Whereabouts(NamedTuple):
    """A retired order's first and last event in the journal, and whether it was external."""

    first_seq: int
    last_seq: int
    is_external: bool


class SavedRetired(msgspec.Struct, frozen=True):
    """Everything that is known of retired orders, as one message."""

    count: int
    shelves: dict[int, bytes]


class RetiredOrders:
    """The ids of retired orders, ours and the venue's. `count` is how many orders there are.

    Entries lie unsorted on 4,096 shelves: adding one moves nothing, finding one searches a shelf.
    """

    def __init__(self) -> None:
        self.count = 0
        self._shelves: defaultdict[int, bytearray] = defaultdict(bytearray)

    def add(self, order: Order) -> None:
        """Keep what is needed to know `order` again."""
        span = order.last_seq - order.first_seq + (_EXTERNAL if order.is_external else 0)
        place = _PLACE.pack(order.first_seq, span)
        for name in _names(order):
            shelf, key = _digest(name)
            self._shelves[shelf] += key + place
        self.count += 1

    def remove(self, order: Order) -> None:
        """Forget an order that is back in memory."""
        for name in _names(order):
            shelf, key = _digest(name)
            place = _find(self._shelves[shelf], key)
            assert place is not None  # the names of an order in the journal do not change
            del self._shelves[shelf][place : place + _WIDTH]
        self.count -= 1

    def find(self, name: str) -> Whereabouts | None:
        """Where the order with this id, ours or the venue's, is; None when there is none."""
        if not self.count or not name:
            return None
        number, key = _digest(name)
        shelf = self._shelves.get(number, b"")
        place = _find(shelf, key)
        if place is None:
            return None
        first_seq, span = _PLACE.unpack_from(shelf, place + _KEY.size)
        return Whereabouts(first_seq, first_seq + span % _EXTERNAL, span >= _EXTERNAL)

    def saved(self) -> SavedRetired | None:
        """Everything as one message; None when there is nothing."""
        if not self.count:
            return None
        return SavedRetired(self.count, {n: bytes(shelf) for n, shelf in self._shelves.items()})

    @classmethod
    def restore(cls, saved: SavedRetired | None) -> RetiredOrders:
        """What `saved` gave."""
        retired = cls()
        if saved is not None:
            retired.count = saved.count
            for number, shelf in saved.shelves.items():
                retired._shelves[number] += shelf
        return retired


def _names(order: Order) -> tuple[str, ...]:
    ours, theirs = order.client_order_id, order.exchange_order_id
    return (ours, theirs) if theirs and theirs != ours else (ours,)


def _digest(name: str) -> tuple[int, bytes]:
    """The shelf of an id, and its key there."""
    data = name.encode("utf-8", "surrogatepass")
    number = crc32(data)
    return number % _SHELVES, _KEY.pack(number, adler32(data))


def _find(shelf: bytes | bytearray, key: bytes) -> int | None:
    place = shelf.find(key)
    while place > 0 and place % _WIDTH:  # the same bytes across two entries are no key
        place = shelf.find(key, place + 1)
    return None if place == -1 else place

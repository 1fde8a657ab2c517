"""One order after FIX 4.4, appendix D, written to be checked by eye: a second opinion.

It shares nothing with the engine: it speaks the words of `tests/conformance` and keeps no state but
the list of what was said. Every question reads that list again, from its start.

Two things are noted when something is said, because only then can they be known: a request of ours
that the rules refuse was never made, and is left out; the rest is kept as it was heard.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

Said = list[tuple[Any, ...]]
"""What was said: a word, then its arguments, as `tests/conformance/orders.json` writes them."""

CLOSED = {"DENIED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"}

# The venue's last word (matrices A.1.a, B.1.a, E.1, I.1): the first one heard stays.
ENDINGS = {"cancel_ack": "CANCELED", "reject": "REJECTED", "expired": "EXPIRED"}

# A venue that says this of an order has it. Executions and status reports: see `alive`.
SIGNS_OF_LIFE = {"ack", "replace_ack", "restated", "suspend", "resume", "untriggered", "triggered"}


# A request of ours and the words that answer it; the order's end answers both.
CANCEL = ("cancel_req", {"cancel_rej"})
REPLACE = ("replace_req", {"replace_ack", "replace_rej"})


def number(value: Any) -> Decimal:
    return Decimal(str(value))


def executions(said: Said) -> dict[str, tuple[Decimal, Decimal]]:
    """Quantity and price of each execution as they count now (matrix J.1.a).

    Of two contents under one id the first is kept; a correction outranks it; a bust outranks both.
    """
    counts: dict[str, tuple[Decimal, Decimal]] = {}
    for word, *about in said:
        if word == "fill":
            counts.setdefault(about[0], (number(about[1]), number(about[2])))
    for word, *about in said:
        if word == "correct":
            counts[about[0]] = (number(about[1]), number(about[2]))
    for word, *about in said:
        if word == "bust":
            counts[about[0]] = (Decimal(0), Decimal(0))
    return counts


def inferred(said: Said, terms: tuple[Any, Any]) -> tuple[Decimal, Decimal]:
    """Quantity and value that only status reports speak of, executions having yet to explain it."""
    qty = value = Decimal(0)
    for i, (word, *about) in enumerate(said):
        before = said[:i]
        if word in ("fill", "correct") and about[0] not in executions(before):
            explained = number(about[1])
            if explained < qty:
                qty, value = qty - explained, value - explained * number(about[2])
            else:
                qty = value = Decimal(0)
        if word == "venue_cum":
            stated = number(about[0])
            counted = executions(before).values()
            known = qty + sum(q for q, _ in counted)
            worth = value + sum(q * p for q, p in counted)
            if stated > known:
                price = price_of(before, terms)
                at_average = None if about[1] is None else stated * number(about[1])
                value += (stated - known) * price if at_average is None else at_average - worth
                qty += stated - known
    return qty, value


def cum_of(said: Said, terms: tuple[Any, Any]) -> Decimal:
    """What has filled: executions, and what the venue says beyond them."""
    return sum((q for q, _ in executions(said).values()), inferred(said, terms)[0])


def value_of(said: Said, terms: tuple[Any, Any]) -> Decimal:
    """The value of what has filled."""
    return sum((q * p for q, p in executions(said).values()), inferred(said, terms)[1])


def qty_of(said: Said, terms: tuple[Any, Any]) -> Decimal:
    """The order's quantity: what the venue last agreed to, never below what had filled (C.3.b)."""
    qty = number(terms[0])
    for i, (word, *about) in enumerate(said):
        if word in ("replace_ack", "restated"):
            qty = max(number(about[0]), cum_of(said[:i], terms))
    return qty


def price_of(said: Said, terms: tuple[Any, Any]) -> Decimal:
    """The order's price: what the venue last stated, or what it granted without repeating it."""
    price = asked = terms[1]
    for i, (word, *about) in enumerate(said):
        if word == "replace_req":
            asked = about[1] if len(about) > 1 else price
        if word in ("replace_ack", "restated") and len(about) > 1:
            price = about[1]
        elif word == "replace_ack" and waiting(said[:i], *REPLACE):
            price = asked
    return number(price)


def alive(said: Said, i: int, terms: tuple[Any, Any]) -> bool:
    """True when what was said at `i` shows that the venue has the order: nothing old or repeated.

    An execution does, taken back or not, the first time its id is heard; and a status report does
    that shows more than was known.
    """
    word, *about = said[i]
    before = said[:i]
    if word in ("fill", "correct", "bust"):
        return about[0] not in executions(before)
    if word == "venue_cum":
        return number(about[0]) > cum_of(before, terms)
    return word in SIGNS_OF_LIFE


def acknowledged(said: Said, terms: tuple[Any, Any]) -> bool:
    """True once the venue has shown that the order exists, however it did."""
    return any(alive(said, i, terms) for i in range(len(said)))


def ended(said: Said, terms: tuple[Any, Any]) -> str:
    """How the order ended, "" while it has not.

    The venue's word stays. Ours by proof of absence holds until the venue shows life or says it
    better. We deny only what was never sent.
    """
    absent = ""
    for i, (word, *_) in enumerate(said):
        if word in ENDINGS:
            return ENDINGS[word]
        if word == "deny":
            return "DENIED"
        if word == "give_up":
            absent = "CANCELED" if acknowledged(said[:i], terms) else "REJECTED"
        if absent and alive(said, i, terms):
            absent = ""
    return absent


def waiting(said: Said, request: str, answers: set[str]) -> bool:
    """True while our last `request` has had no answer, and the order no end since."""
    asked = False
    for word, *_ in said:
        if word == request:
            asked = True
        elif word in answers or word in ENDINGS or word == "give_up":
            asked = False
    return asked


def sent(said: Said, terms: tuple[Any, Any]) -> bool:
    """True once the order has left us, as far as anybody has said."""
    words = {word for word, *_ in said}
    return bool(words & {"sent", "send_unknown"}) or acknowledged(said, terms)


def shown(said: Said, terms: tuple[Any, Any]) -> str:
    """Of all that is true of the order, what has precedence (appendix D)."""
    words = [word for word, *_ in said]
    cum = cum_of(said, terms)
    if cum and cum >= qty_of(said, terms):
        return "FILLED"
    if ended(said, terms):
        return ended(said, terms)
    if waiting(said, *CANCEL):
        return "PENDING_CANCEL"
    if waiting(said, *REPLACE):
        return "PENDING_REPLACE"
    if "send_unknown" in words and not acknowledged(said, terms):
        return "UNKNOWN"
    if [word for word in words if word in ("suspend", "resume")][-1:] == ["suspend"]:
        return "SUSPENDED"
    if cum:
        return "PARTIALLY_FILLED"
    if "untriggered" in words and "triggered" not in words:
        return "UNTRIGGERED"
    if acknowledged(said, terms):
        return "NEW"
    return "PENDING" if sent(said, terms) else "INITIALIZED"


def refused(said: Said, terms: tuple[Any, Any], word: str, *about: Any) -> bool:
    """True for a request of ours that is not made, and a notice of ours that comes too late."""
    state = shown(said, terms)
    if word == "deny":
        return sent(said, terms)
    if word == "give_up":
        return state in CLOSED
    if word == "cancel_req":
        return state in CLOSED | {"INITIALIZED", "PENDING_CANCEL"}
    if word == "replace_req":
        not_now = CLOSED | {"INITIALIZED", "PENDING_CANCEL", "PENDING_REPLACE"}
        return state in not_now or number(about[0]) <= cum_of(said, terms)
    return False


class ReferenceOrder:
    """One order of `qty` at `price`: say what happened, then ask."""

    def __init__(self, qty: Any, price: Any = 100) -> None:
        self.terms = (qty, price)
        self.said: Said = []

    def hear(self, word: str, *about: Any) -> None:
        """Take what was said; `stale` is by its definition nothing."""
        if word != "stale" and not refused(self.said, self.terms, word, *about):
            self.said.append((word, *about))

    def answers(self) -> dict[str, Any]:
        """What a trader reads of the order, by the names of `orders.json`."""
        state = shown(self.said, self.terms)
        cum, qty = cum_of(self.said, self.terms), qty_of(self.said, self.terms)
        return {
            "status": state,
            "cum": cum,
            "leaves": Decimal(0) if state in CLOSED else qty - cum,
            "avg": value_of(self.said, self.terms) / cum if cum else None,
            "order_qty": qty,
            "overfill": max(cum - qty, Decimal(0)),
        }

"""What each Bybit return code means for the request it answers.

One table from (channel, code) to a verdict. The same number can mean different things on
different channels, and a code that is not in the table proves nothing: its verdict is UNKNOWN.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from engine.venues.reasons import Reason


class Channel(StrEnum):
    """Where an answer came from."""

    REST = "rest"
    TRADE_SOCKET = "trade"


class Verdict(StrEnum):
    """What became of the request."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    BUSY = "busy"  # turned away for a moment, certainly not carried out
    RATE = "rate"  # the same, and not before the reset time
    CLOCK = "clock"  # the same, because our timestamp was off


class Ruling(NamedTuple):
    """A verdict, with the reason where it is REJECTED."""

    verdict: Verdict
    reason: str = ""


UNCHANGED_TEXT = "remains unchanged"
"""Part of the message that tells the harmless 10001 of an amend from a bad request."""

_UNKNOWN = Ruling(Verdict.UNKNOWN)
_ACCEPTED = Ruling(Verdict.ACCEPTED)

_REJECTED: dict[Reason, str] = {
    Reason.DUPLICATE_ID: "110072 170141 10014 110030 12141 30001",
    Reason.NOT_FOUND: "110001 170213 170143",
    Reason.ALREADY_CLOSED: "110008 110010 170139 170142 170190",
    Reason.IN_PROGRESS: "110079 170144 170212 170191 40004 170035 30035",
    Reason.BALANCE: (
        "110004 110006 110007 110012 110014 110044 110045 110051 110052 110053 170131 170033"
        " 170207 170034"
    ),
    Reason.PRICE: (
        "110003 110120 110121 30208 30209 170132 170133 170134 170192 170193 170194 170371 170372"
        " 110092 110093 170203 170204 170218 110118"
    ),
    Reason.SIZE: (
        "110094 110017 170124 170136 170137 170140 170148 170341 170381 170382 170228 170229"
        " 110022 110064 170313"
    ),
    Reason.LIMITS: (
        "110009 110020 170810 110021 110023 110034 110042 110086 110090 110089 110013 110011"
        " 110039 110040 110046 110048 110131 30256 30228 3400139 110024 110028 110029 110036"
        " 110038"
    ),
    Reason.MARKET_STATE: (
        "110063 110066 110074 110095 110096 110097 110098 110099 110103 110124 110137 170151"
        " 170157 170159 170217 170121 10029"
    ),
    Reason.AUTH: "10003 10004 10005 10007 10010 33004 -2015 10008 10009 10024 10027 10028 100028",
    Reason.REQUEST: (
        "10001 10017 10404 110018 110019 110032 110049 110050 170105 170115 170116 170117 170130"
        " 170201 170202 170221 110108 110109"
    ),
}

_OTHER: dict[Verdict, str] = {
    Verdict.ACCEPTED: ("0 110025 110026 110027 110043 34040 34036 140025 140026 140027 140043"),
    Verdict.RATE: "10006 170005 170222 10018 10403",
    Verdict.CLOCK: "10002 -1 10021",
    Verdict.BUSY: "10019",
    Verdict.UNKNOWN: (
        "10000 10016 170007 170146 170147 170310 170001 170032 170234 170149 170150 500000 429"
        " 10429"
    ),
}

_ON_TRADE_SOCKET: dict[int, Ruling] = {
    10003: Ruling(Verdict.REJECTED, Reason.LIMITS),  # too many sessions, not a bad key
    20001: _ACCEPTED,  # already authenticated
    20003: Ruling(Verdict.RATE),
    # The request id was used before: an earlier message with it may well have been carried out.
    20006: _UNKNOWN,
}


def _table() -> dict[int, Ruling]:
    table = {
        int(code): Ruling(Verdict.REJECTED, reason)
        for reason, codes in _REJECTED.items()
        for code in codes.split()
    }
    for verdict, codes in _OTHER.items():
        table.update({int(code): Ruling(verdict) for code in codes.split()})
    return table


TABLE = _table()

HTTP_STATUS: dict[int, Ruling] = {
    400: Ruling(Verdict.REJECTED, Reason.REQUEST),
    401: Ruling(Verdict.REJECTED, Reason.AUTH),
    403: Ruling(Verdict.RATE),
    404: Ruling(Verdict.REJECTED, Reason.REQUEST),
}
"""Answers that are final by their HTTP status. Every other status but 200 proves nothing."""


def classify(code: int, message: str = "", channel: Channel = Channel.REST) -> Ruling:
    """Return what `code` says of a request; `message` is read only where the code is ambiguous."""
    if channel is Channel.TRADE_SOCKET and code in _ON_TRADE_SOCKET:
        return _ON_TRADE_SOCKET[code]
    if code == 10001 and UNCHANGED_TEXT in message:
        return _ACCEPTED  # an amend that asks for what is already there
    return TABLE.get(code, _UNKNOWN)

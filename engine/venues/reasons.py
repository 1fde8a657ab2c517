"""Why a venue or the router said no or ended an order: the closed set behind every `reason`.

These are metric labels and screen text; what the venue wrote itself goes into `text`.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """One word for each cause that calls for another reaction."""

    # An order ended, or never began, as its own terms ask.
    POST_ONLY_WOULD_TAKE = "POST_ONLY_WOULD_TAKE"
    IOC_REMAINDER = "IOC_REMAINDER"
    FOK_NOT_FILLED = "FOK_NOT_FILLED"
    REDUCE_ONLY = "REDUCE_ONLY"
    SELF_MATCH = "SELF_MATCH"
    # Somebody ended it.
    USER = "USER"
    LIQUIDATION = "LIQUIDATION"
    SETTLEMENT = "SETTLEMENT"
    DISCONNECT = "DISCONNECT"
    VENUE = "VENUE"
    # The request was refused.
    BALANCE = "BALANCE"
    PRICE = "PRICE"
    SIZE = "SIZE"
    LIMITS = "LIMITS"
    MARKET_STATE = "MARKET_STATE"
    AUTH = "AUTH"
    REQUEST = "REQUEST"
    DUPLICATE_ID = "DUPLICATE_ID"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_CLOSED = "ALREADY_CLOSED"
    IN_PROGRESS = "IN_PROGRESS"
    # It never left this host, or was turned away each time.
    HALTED = "HALTED"
    CANCELED = "CANCELED"
    BREAKER_OPEN = "BREAKER_OPEN"
    RATE_LIMITED = "RATE_LIMITED"
    VENUE_BUSY = "VENUE_BUSY"
    # The outcome is not known.
    NO_ANSWER = "NO_ANSWER"

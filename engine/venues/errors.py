"""What a venue call may raise: whether the request may have been carried out, or surely was not.

    TimeoutError     -> VenueUnknown     sent, and nobody knows what became of it
    ConnectionError  -> NotExecuted      surely not carried out, may be sent again
                        -> RateLimited   the same, but not before `retry_at_ns`
    Exception        -> VenueRefused     a query or a login that asking again will not help

A bare TimeoutError or ConnectionError from a transport means the same as VenueUnknown.
"""

from __future__ import annotations


class VenueUnknown(TimeoutError):
    """The venue's answer leaves the request's fate open (server error, time-out code, no JSON)."""


class NotExecuted(ConnectionError):
    """The venue turned the request away for a moment; it was not and will not be carried out."""


class RateLimited(NotExecuted):
    """Too many requests. Nothing was carried out; `retry_at_ns` (unix ns) is the earliest retry."""

    def __init__(self, message: str, retry_at_ns: int) -> None:
        super().__init__(message)
        self.retry_at_ns = retry_at_ns


class VenueRefused(Exception):
    """The venue refused a query or a login for good: a wrong key, a wrong parameter."""


def fault_of(failure: Exception) -> str:
    """Why a query was left without an answer; empty for a failure that is an answer."""
    unanswered = isinstance(failure, TimeoutError | ConnectionError)
    return (str(failure) or type(failure).__name__) if unanswered else ""

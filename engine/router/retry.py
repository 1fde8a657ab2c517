"""When to try again: three times, after 0.1, 0.2 and 0.4 s, and only what may work then."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from engine.clock import NS, Clock
from engine.venues.errors import RateLimited

PAUSES_S = (0.1, 0.2, 0.4)
JITTER = 0.1
"""Each pause is lengthened by up to this share of it, from the seeded source."""

RETRIED = (TimeoutError, ConnectionError)

T = TypeVar("T")


class RetryPolicy:
    """Retries after a first attempt has failed; the first attempt itself does not come here.

    `patience_s` is the longest a venue's rate limit is waited for.
    """

    def __init__(self, clock: Clock, rng: random.Random, patience_s: float) -> None:
        self._clock = clock
        self._rng = rng
        self._patience_ns = round(patience_s * NS)

    async def run(self, failure: Exception, again: Callable[[], Awaitable[T]]) -> T:
        """Call `again` until it returns, at most three times, pausing before each.

        `failure` is what the first attempt raised. Raises the last failure: at once where it is
        no TimeoutError or ConnectionError, or the venue asks for more than the patience.
        """
        pending: Exception | None = failure

        async def attempt() -> T:
            nonlocal pending
            if pending is not None:  # tenacity's first attempt is the one that has failed already
                first, pending = pending, None
                raise first
            return await again()

        retrying = AsyncRetrying(
            stop=stop_after_attempt(1 + len(PAUSES_S)),
            wait=self._pause_s,
            retry=retry_if_exception(self._is_worth_it),
            sleep=self._clock.sleep,
            reraise=True,
        )
        return await retrying(attempt)

    def _pause_s(self, state: RetryCallState) -> float:
        # tenacity also asks after the last attempt, and then does not wait.
        nth = min(state.attempt_number, len(PAUSES_S))
        pause_s = PAUSES_S[nth - 1] * (1 + JITTER * self._rng.random())
        failure = state.outcome.exception() if state.outcome is not None else None
        if isinstance(failure, RateLimited):
            return max(pause_s, (failure.retry_at_ns - self._clock.now_ns()) / NS)
        return pause_s

    def _is_worth_it(self, failure: BaseException) -> bool:
        if isinstance(failure, RateLimited):
            return failure.retry_at_ns - self._clock.now_ns() <= self._patience_ns
        return isinstance(failure, RETRIED)

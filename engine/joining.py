"""From the journal to the venue: an engine that has begun joins its account, however long it takes.

The venue may be away when an engine starts, and its orders are at the venue all the same: whoever
starts wants to see them, and to have the kill switch. So the engine runs on its journal, everything
that adds exposure is denied, and the account is tried again and again until it answers. What the
venue or the key forbids is another matter: that ends the trying.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from engine.clock import NS, wait_for
from engine.core.reports import InstrumentsReport, KeyReport, LinkReport
from engine.core.status import VenueJoin
from engine.core.types import JoinState
from engine.engine import Engine
from engine.errors import TradedeckError
from engine.venues.errors import RateLimited, VenueRefused
from engine.venues.protocol import ExchangeClient
from engine.venues.text import sanitise

PATIENCE_S = 3.0
"""How long a start waits for the first attempt; then the console opens and the trying goes on."""
TOLD_AFTER_S = 1.0
"""What is to be read in a console's list of events happens when the first console is there."""
BACKOFF_S, MAX_BACKOFF_S = 1.0, 30.0

Judge = Callable[[], Awaitable[tuple[str, ...]]]
"""Asks the venue what the key may do: what to warn of. Raises TradedeckError for an unfit key."""


class Joining:
    """Tries until the engine has joined its venue, or is refused. Pauses double up to 30 s.

    Each is shortened by up to half, by `rng`, so that many engines do not return in step.
    """

    def __init__(
        self, engine: Engine, client: ExchangeClient, judge: Judge, rng: random.Random
    ) -> None:
        self._engine = engine
        self._client = client
        self._judge = judge
        self._rng = rng
        self._tried = asyncio.Event()
        self._refusal: Exception | None = None

    async def first(self) -> None:
        """Wait for the first attempt's outcome, not for long. Raises what has refused it."""
        try:
            await wait_for(self._engine.clock, self._tried.wait(), PATIENCE_S)
        except TimeoutError:
            self._away("no answer yet")
        if self._refusal is not None:
            raise self._refusal

    async def run(self) -> None:
        """Join; ends when that is done, or when there is no sense in trying again."""
        engine, tries = self._engine, 0
        since_ns = engine.clock.now_ns()
        while engine.join.state is not JoinState.JOINED:
            tries += 1
            try:
                warnings = await self._judge()
                await self._enter()
            except (VenueRefused, TradedeckError) as error:
                self._refusal = error
                engine.join = VenueJoin(
                    state=JoinState.REFUSED,
                    since_ts=since_ns,
                    tries=tries,
                    error=sanitise(str(error)),
                )
                self._away(engine.join.error)
                return
            except (TimeoutError, ConnectionError) as error:
                await self._wait(error, since_ns, tries)
            else:
                engine.join = VenueJoin()
                engine.warnings = warnings
            finally:
                self._tried.set()
        await engine.clock.sleep(TOLD_AFTER_S)
        engine.inbox.put(KeyReport(warnings=engine.warnings))

    async def _enter(self) -> None:
        instruments = tuple(await self._client.instruments())
        self._engine.inbox.put(InstrumentsReport(instruments=instruments))
        self._engine.dispatcher.answering.set()
        await self._engine.connect()

    async def _wait(self, error: Exception, since_ns: int, tries: int) -> None:
        """Tell what is wrong and when it is tried again, and wait until then."""
        clock, text = self._engine.clock, sanitise(str(error)) or type(error).__name__
        longest_s = min(MAX_BACKOFF_S, BACKOFF_S * 2.0 ** min(tries - 1, 16))
        retry_ns = clock.now_ns() + round(longest_s * self._rng.uniform(0.5, 1.0) * NS)
        if isinstance(error, RateLimited):
            retry_ns = max(retry_ns, error.retry_at_ns)
        self._engine.join = VenueJoin(
            state=JoinState.UNREACHABLE,
            since_ts=since_ns,
            retry_ts=retry_ns,
            tries=tries,
            error=text,
        )
        self._away(text)
        self._tried.set()
        await clock.sleep((retry_ns - clock.now_ns()) / NS)

    def _away(self, text: str) -> None:
        """Without the venue nothing is compared, and nobody hears of a fill."""
        self._engine.inbox.put(LinkReport(link="private", up=False, text=text))

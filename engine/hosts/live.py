"""A real account in this process: network client, engine, control socket, as one host.

No order leaves before the key has been judged (`KeyPosture`): one that can withdraw, or cannot
trade, ends the start with what to do about it. A venue that cannot be reached does not: the engine
runs on its journal, and goes on trying.
"""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from functools import partial

from engine.bootstrap import Files, build_live
from engine.clock import LiveClock
from engine.config import AccountConfig
from engine.control.telemetry import Telemetry
from engine.credentials import ApiKey, load_credentials
from engine.engine import Engine
from engine.errors import TradedeckError
from engine.hosts.disconnect import DisconnectProtection
from engine.hosts.embedded import EmbeddedEngine
from engine.hosts.serving import Site, serve
from engine.joining import Joining
from engine.paths import account_dir
from engine.venues.bybit import BybitClient
from engine.venues.errors import VenueRefused

MODES = {"mainnet": "LIVE", "testnet": "TESTNET", "demo": "DEMO", "local": "LOCAL"}
"""What the banner says of an environment; only one of them is real money."""


class LiveRefused(TradedeckError):
    """An account that is not traded, and why."""


class LiveMarket:
    """A market that nobody can hold."""

    def pause(self) -> None:
        """Nothing: a real market goes on."""

    def resume(self) -> None:
        """Nothing: it never stopped."""

    def status(self) -> None:
        """It has no end."""


class LiveHost:
    """Everything that runs in the engine's thread of a console on a real account."""

    engine: Engine
    telemetry: Telemetry

    def __init__(self, site: Site, account: AccountConfig, key: ApiKey, seed: int) -> None:
        self.market = LiveMarket()
        self._site = site
        self._account = account
        self._key = key
        self._seed = seed

    async def open(self, stack: AsyncExitStack) -> None:
        """Build, begin, and join the venue if it is there; what must be closed is on `stack`.

        Raises TradedeckError for an account that cannot be traded, JournalLocked when another
        engine trades it.
        """
        account = self._account
        home = account_dir(self._site.state_dir, account.name)
        home.create()
        self.engine, client = build_live(
            account,
            self._key,
            clock=LiveClock(),
            files=Files(home.journal, home.latch),
            seed=self._seed,
        )
        stack.push_async_callback(self.engine.stop)
        clock = self.engine.clock
        protection = DisconnectProtection(client, clock, account.category, account.dcp_s or 0)
        self.telemetry = Telemetry(
            self.engine,
            mode=MODES[account.environment],
            version=self._site.version,
            replay=self.market.status,
            dcp=lambda: protection.status,
            symbols=account.symbols,
        )
        if account.dcp_s is not None:
            self.engine.dispatcher.spawn(protection.keep_reading())
        await self.engine.begin()
        judge = partial(_judge, client, account, protection)
        joining = Joining(self.engine, client, judge, random.Random(self._seed))
        self.engine.dispatcher.spawn(joining.run())
        try:
            await joining.first()
        except VenueRefused as error:
            raise LiveRefused(f"account {account.name}: {error}") from error
        await serve(self.telemetry, home, self._site, stack)


async def _judge(
    client: BybitClient, account: AccountConfig, protection: DisconnectProtection
) -> tuple[str, ...]:
    """What to warn of; raises LiveRefused for an unfit key, or a protection that there is not.

    Raises TimeoutError or ConnectionError when the venue could not be asked.
    """
    warnings = await _judge_key(client, account)
    if account.dcp_s is not None:
        await _protect(protection, account)
    return warnings


async def _protect(protection: DisconnectProtection, account: AccountConfig) -> None:
    """Raise LiveRefused unless the venue takes over the protection that is configured."""
    try:
        await protection.begin()
    except VenueRefused as error:
        raise LiveRefused(
            f"account {account.name}: dcp_s: the venue has no disconnect-cancel-all for this "
            f"account ({error}): take dcp_s out of its configuration"
        ) from error


async def _judge_key(client: BybitClient, account: AccountConfig) -> tuple[str, ...]:
    """What to warn of; raises LiveRefused unless the key is fit to trade the account.

    Raises TimeoutError or ConnectionError when the venue could not be asked.
    """
    try:
        posture = await client.posture()
    except VenueRefused as error:
        where = f"{account.environment} refused the key"
        raise LiveRefused(f"account {account.name}: {where}: {error}") from error
    problems = posture.problems([account.category])
    if problems:
        raise LiveRefused(f"account {account.name}: {'; '.join(problems)}")
    return tuple(posture.warnings())


def start_live(site: Site, account: AccountConfig, *, seed: int) -> EmbeddedEngine:
    """Start an account's engine in a thread of its own; returns when it runs.

    Raises ConfigError without usable credentials, LiveRefused where the venue or the key does not
    allow it, JournalError for a journal that cannot be used, ControlError for a socket or port
    that cannot be had.
    """
    key = load_credentials(account.credentials, account.environment, site.env)
    engine = EmbeddedEngine(LiveHost(site, account, key, seed))
    engine.start()
    return engine

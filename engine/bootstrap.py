"""Putting an engine together: the only file that knows every part.

`build` wires any client. `build_live` gives it an account over the network; `build_paper` makes
the simulated exchange and puts into it what the journal remembers, so that a trader finds resting
orders and positions where they were.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from engine.busy_poll import BusyPoll
from engine.clock import Clock, awake_ns
from engine.config import AccountConfig
from engine.core.context import Policy
from engine.core.limits import RiskLimits
from engine.core.reports import RequestKind
from engine.core.state import State
from engine.credentials import ApiKey
from engine.engine import Engine
from engine.exchange import Exchange, create_exchange
from engine.exchange.sources.frames import MarketSource
from engine.journal.chain import Identity
from engine.journal.journal import Journal, create_journal
from engine.kill.latch import Latch
from engine.metrics import EventMetrics, LiveExecutionMetrics
from engine.recovery.rebuild import RunTerms, recover
from engine.recovery.seeding import seed_exchange
from engine.router import Lane, OrderRouter
from engine.venues.bybit import BybitClient, create_bybit_client
from engine.venues.bybit.endpoints import endpoints
from engine.venues.network import NetworkTransport
from engine.venues.protocol import ExchangeClient

PAPER = Identity(account="paper", venue="bybit", environment="paper")
PAPER_KEY = "paper"
"""Key and secret of the paper account: the simulated exchange checks signatures, nobody else."""
CLOSED_KEPT = 10_000
"""Closed orders in memory; those that closed before them are in the journal alone. 0: all."""
PAPER_SETTLE_S = 0.1
"""On paper a place is at the exchange after its latency; this is well beyond it."""
RECV_WINDOW_MS = 5_000
LIVE_SETTLE_S = RECV_WINDOW_MS / 1000 + 2.0
"""A request is not accepted once its window has passed; then zero open orders stay zero."""
LANE_PER_S = 10
"""Requests of each kind a second until the venue says what it allows."""
QUERIES_PER_S = 20
"""A question about an order asks each list at most twice; the venue allows 50 a second of each."""
LIVE_POLICY = Policy(release_reason_min_chars=10)


class Files(NamedTuple):
    """Where an engine keeps what must survive it."""

    journal: Path
    latch: Path


class LiveEngine(NamedTuple):
    """An engine, and the client whose account it trades."""

    engine: Engine
    client: BybitClient


class PaperEngine(NamedTuple):
    """An engine and the exchange it trades on, both in this process."""

    engine: Engine
    exchange: Exchange


def build(
    *,
    identity: Identity,
    clock: Clock,
    client: ExchangeClient,
    journal: Journal,
    latch: Latch,
    state: State,
    limits: RiskLimits,
    seed: int,
    settle_s: float,
    policy: Policy | None = None,
    closed_kept: int = CLOSED_KEPT,
    new_venue: bool = False,
    lanes: Mapping[RequestKind, Lane] | None = None,
    threaded: bool = True,
) -> Engine:
    """Wire an engine around a client and a recovered state. Nothing runs until `start`.

    A `new_venue` has no history of this account but what it was seeded with. `threaded` False
    writes the latch and reads the journal on the loop, for virtual time.
    """
    router = OrderRouter(client, clock, rng=random.Random(seed), lanes=lanes)
    return Engine(
        identity=identity,
        state=state,
        clock=clock,
        client=client,
        router=router,
        journal=journal,
        latch=latch,
        metrics=EventMetrics(LiveExecutionMetrics()),
        terms=RunTerms(limits, closed_kept, new_venue),
        policy=policy or Policy(),
        settle_s=settle_s,
        threaded=threaded,
    )


def build_paper(
    *,
    clock: Clock,
    source: MarketSource,
    files: Files,
    limits: RiskLimits,
    seed: int = 0,
    latency_ns: int = 2_000_000,
    closed_kept: int = CLOSED_KEPT,
    threaded: bool = True,
) -> PaperEngine:
    """An engine on a simulated exchange that plays `source`.

    `threaded` False does on the loop what a process and threads do: virtual time stands still then.
    Raises JournalError where the journal cannot be opened, is another account's, or is in use.
    """
    journal = _open_journal(files, PAPER, clock, own_process=threaded)
    state = recover(journal)
    exchange = create_exchange(
        clock,
        source,
        latency_ns=latency_ns,
        credentials={PAPER_KEY: PAPER_KEY},
        seed=seed,
        run=state.run,
    )
    seed_exchange(exchange, PAPER_KEY, state, clock.now_ns())
    client = create_bybit_client(
        exchange.transport(),
        clock,
        api_key=PAPER_KEY,
        api_secret=PAPER_KEY,
        on_sent=BusyPoll(awake_ns).sent if threaded else None,
        rng=random.Random(seed),
    )
    engine = build(
        identity=PAPER,
        clock=clock,
        client=client,
        journal=journal,
        latch=Latch(files.latch),
        state=state,
        limits=limits,
        seed=seed,
        settle_s=PAPER_SETTLE_S + latency_ns / 1e9,
        closed_kept=closed_kept,
        new_venue=True,
        threaded=threaded,
    )
    return PaperEngine(engine, exchange)


def build_live(
    account: AccountConfig, key: ApiKey, *, clock: Clock, files: Files, seed: int
) -> LiveEngine:
    """An engine on a configured account, over the network. Nothing is sent until it is asked to.

    `seed` spreads retries and reconnects; two engines should not have the same.

    Raises JournalError where the journal cannot be opened, is another account's, or is in use;
    ValueError for a key that cannot sign.
    """
    identity = Identity(account=account.name, environment=account.environment, venue=account.venue)
    addresses = endpoints(account.environment, account.url)
    transport = NetworkTransport(addresses.rest, addresses.stream_url)
    lanes = {kind: Lane(LANE_PER_S, LANE_PER_S) for kind in RequestKind}
    lanes[RequestKind.QUERY] = Lane(QUERIES_PER_S, QUERIES_PER_S)

    def on_limit(kind: RequestKind, per_s: int, left: int) -> None:
        lanes[kind].learn(per_s, left, clock.now_ns())

    def on_ban(until_ns: int, why: str) -> None:
        engine.router.hold(until_ns, why)

    client = create_bybit_client(
        transport,
        clock,
        api_key=key.key,
        api_secret=key.secret,
        categories=[account.category],
        symbols=account.symbols or None,
        recv_window_ms=RECV_WINDOW_MS,
        trade_socket=addresses.trade is not None,
        batched=addresses.batched,
        limited=True,
        on_limit=on_limit,
        on_ban=on_ban,
        on_sent=BusyPoll(awake_ns).sent,
        rng=random.Random(seed),
        on_close=transport.close,
        dcp=account.dcp_s is not None,
    )
    journal = _open_journal(files, identity, clock)
    state = recover(journal)
    client.learn(state.instruments.values())
    engine = build(
        identity=identity,
        clock=clock,
        client=client,
        journal=journal,
        latch=Latch(files.latch),
        state=state,
        limits=account.risk,
        seed=seed,
        settle_s=LIVE_SETTLE_S,
        policy=LIVE_POLICY if account.environment == "mainnet" else None,
        lanes=lanes,
    )
    return LiveEngine(engine, client)


def _open_journal(
    files: Files, identity: Identity, clock: Clock, *, own_process: bool = True
) -> Journal:
    return create_journal(
        files.journal,
        account=identity.account,
        environment=identity.environment,
        venue=identity.venue,
        clock=clock,
        own_process=own_process,
    )

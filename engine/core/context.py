"""What a decision may look at besides the state: the time, the market, the engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

import msgspec

from engine.core.margin import AccountMargin
from engine.core.market import Quote
from engine.core.status import BreakerStatus, ClockStatus, VenueJoin


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait for what, in seconds of the engine's clock."""

    orders_every_s: float = 5.0
    """How often open orders are compared with the venue's."""
    holdings_every_s: float = 15.0
    """How often positions and the wallet are."""
    fills_every_s: float = 60.0
    """How often the newest executions are listed, whatever the streams have told."""
    fills_overlap_s: float = 60.0
    """How far before the newest known execution that list begins: lists lag, clocks differ."""
    ack_deadline_s: float = 5.0
    """A place without any answer by then is UNKNOWN and is asked for."""
    settle_deadline_s: float = 5.0
    """A cancel or an amend not seen by then is asked for."""
    fill_deadline_s: float = 1.0
    """A fill that an order's or a position's row shows and no execution has brought by then is."""
    lost_input_pause_s: float = 5.0
    """The account is asked this often at most for what unreadable messages may have said."""
    query_backoff_s: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
    """Pauses between questions about one order; the last one repeats."""
    questions_an_order: int = 30
    """Then a person is told, and nothing is asked until the venue answers again."""
    questions_a_minute: int = 1_200
    """About single orders, all together; each is up to four requests. The rest waits its turn."""
    absent_after_s: float = 7.0
    """The venue accepts no request this long after it was signed (recv_window and a margin)."""
    absent_reads: int = 2
    """Clean negative rounds, asked after that, needed before an order is declared absent."""
    drift_rounds: int = 2
    """Comparisons in a row that must show a difference before it is believed."""
    release_reason_min_chars: int = 1
    """Shortest reason a person may give for leaving HALTED."""


class Context(msgspec.Struct, kw_only=True):
    """The world at the moment of a decision.

    `compared_ns` is when account and venue were last compared without a fault, 0 for never.
    `clock` is the venue's against ours. `gate_closed_at` is 0 while the gate is open. `placing` are
    the orders that the router may still send again, `canceling` those whose cancel was sent with
    others, or waits to be, and has no answer yet. `broken` says what of the engine itself failed,
    `breaker` what keeps new orders here, None while nothing does, `join` whether the venue has been
    reached. `margin` is what the venue had said of margin, where the state is not the one that
    heard it: a console's, or a journal's. `nets` keeps net P&L by the state's seq once it was
    worked out: prices do not change while a batch is decided.
    """

    now_ns: int
    quotes: Mapping[str, Quote]
    compared_ns: int = 0
    clock: ClockStatus = ClockStatus()
    policy: Policy = Policy()
    gate_closed_at: int = 0
    placing: Collection[str] = ()
    canceling: Collection[str] = ()
    broken: str = ""
    breaker: BreakerStatus | None = None
    join: VenueJoin = VenueJoin()
    margin: AccountMargin | None = None
    nets: dict[int, Decimal | None] = {}

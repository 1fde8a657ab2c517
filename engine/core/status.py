"""Telemetry that a console shows beside the folded state: nothing here is journaled.

The engine fills these and publishes the newest; a console that misses one loses nothing.
"""

from __future__ import annotations

import math
from decimal import Decimal

import msgspec

from engine.core.events import Drift, Event
from engine.core.margin import AccountMargin
from engine.core.market import Level, Quote, TradeTick
from engine.core.reports import Scope
from engine.core.types import NS, JoinState

JOINED = JoinState.JOINED
"""Looking a member up through its class takes 100 ns on Python 3.11; it is needed every order."""

COMPARED_EVERY_S = 15
"""An account that was not compared for as long is not known any more; it is asked every 5 s."""

PNL_TOLERANCE = Decimal("0.00001")
"""What the venue's rounding to eight decimals may add up to."""


class RequestStats(msgspec.Struct, kw_only=True):
    """Latency and trouble of one kind of request (place, amend, cancel, query), in seconds."""

    kind: str
    count: int = 0
    p50_s: float = 0.0
    p99_s: float = 0.0
    max_s: float = 0.0
    retries: int = 0
    rate_limited: int = 0
    timeouts: int = 0


class BreakerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The circuit breaker of one class of requests: `place` (with amends), `cancel` or `query`.

    `state` is `closed`, `open` or `half-open`: the venue is being tried. While it is not closed,
    `since_ts` is when it opened, `probe_ts` when the next probe may leave (unix ns) and `reason`
    why; else 0 and empty. `held`: the venue itself has shut this address out until `probe_ts`.
    """

    name: str
    state: str = "closed"
    since_ts: int = 0
    probe_ts: int = 0
    reason: str = ""
    held: bool = False

    @property
    def closed(self) -> bool:
        """True while every request of the class may leave."""
        return self.state == "closed"

    def next_probe(self, now_ns: int) -> str:
        """When the venue is tried again, in plain words."""
        left_s = (self.probe_ts - now_ns) / NS
        if self.state != "open" or left_s <= 0:
            return "the next probe is under way"
        return f"next probe in {math.ceil(left_s)} s"

    def denial(self, now_ns: int) -> str:
        """Why a request of this class stays here."""
        return f"the {self.name} breaker is {self.state}: {self.reason}; {self.next_probe(now_ns)}"


class VenueJoin(msgspec.Struct, frozen=True, kw_only=True):
    """How far an engine has come with its venue; nothing but cancels is sent until it has joined.

    `since_ts` is when the trying began, `retry_ts` when it is tried again (unix ns, 0 is never or
    now), `tries` how often it was, `error` what came of the last one.
    """

    state: JoinState = JoinState.JOINED
    since_ts: int = 0
    retry_ts: int = 0
    tries: int = 0
    error: str = ""

    @property
    def joined(self) -> bool:
        """True once the account has been reached; what is lost later comes back by itself."""
        return self.state is JOINED

    def outlook(self, now_ns: int) -> str:
        """What happens next, in plain words."""
        if self.state is JoinState.REFUSED:
            return "it is not tried again: correct that and restart"
        left_s = (self.retry_ts - now_ns) / NS
        return f"next try in {math.ceil(left_s)} s" if left_s > 0 else "it is being tried"

    def told(self, now_ns: int) -> str:
        """All of it in one line."""
        return f"venue {self.state}: {self.error or 'no answer yet'}; {self.outlook(now_ns)}"


class ReconcileRun(msgspec.Struct, kw_only=True, frozen=True):
    """One question about the account: when it left (unix ns), about what, how long it took."""

    ts: int
    duration_s: float
    scopes: tuple[Scope, ...]
    differences: int = 0
    error: str = ""


class ReconcileStatus(msgspec.Struct, kw_only=True):
    """The last comparison with the venue; `sent_ts` is when it was asked for.

    `last_ok_ts` 0 means that none has passed yet, `drift_ts` is when positions and coins were last
    compared. `failed` are the parts to which there was no answer since they were last compared.
    `history` has the newest runs, oldest first.
    """

    runs: int = 0
    sent_ts: int = 0
    last_ok_ts: int = 0
    drift_ts: int = 0
    failed: tuple[Scope, ...] = ()
    duration_s: float = 0.0
    orders_ok: bool = False
    positions_ok: bool = False
    fills_ok: bool = False
    running: bool = False
    error: str = ""
    drift: tuple[Drift, ...] = ()
    noted: tuple[Drift, ...] = ()
    pending: tuple[Drift, ...] = ()
    alarms: tuple[str, ...] = ()
    history: tuple[ReconcileRun, ...] = ()
    external_orders: tuple[str, ...] = ()

    def is_stale(self, scope: Scope, now_ns: int) -> bool:
        """True when what was last found of a part cannot be taken for how it stands now."""
        overdue = 0 < self.last_ok_ts < now_ns - COMPARED_EVERY_S * NS
        return bool(self.error) or scope in self.failed or overdue


class PnlFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of money, ours and the venue's. `what` is `wallet`, `closed` or `executions`.

    `name` is the coin or the symbol. `confirmed`: two comparisons in a row showed the difference,
    so that it is no execution on its way.
    """

    what: str
    name: str
    ours: Decimal
    venue: Decimal
    confirmed: bool = False

    @property
    def difference(self) -> Decimal:
        """The venue's figure minus ours."""
        return self.venue - self.ours

    @property
    def agrees(self) -> bool:
        """True when both are the same but for the venue's rounding."""
        return abs(self.difference) <= PNL_TOLERANCE


class PnlComparison(msgspec.Struct, frozen=True, kw_only=True):
    """The last comparison of P&L with the venue's own figures; `ts` 0 is none yet.

    Figures count from `since_ts` on: `closed` and `wallet` are what changed since then.
    """

    ts: int = 0
    since_ts: int = 0
    duration_s: float = 0.0
    figures: tuple[PnlFigure, ...] = ()
    error: str = ""

    @property
    def differences(self) -> tuple[PnlFigure, ...]:
        """The figures that do not agree."""
        return tuple(figure for figure in self.figures if not figure.agrees)


class InputStatus(msgspec.Struct, kw_only=True):
    """What the venue sent that could not be read, and was set aside: how much, by kind, the newest.

    The kinds are a closed set; `last` is sanitised text.
    """

    count: int = 0
    kinds: dict[str, int] = {}
    last: str = ""


class ClockStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's clock minus ours, right to half of `round_trip_ns`.

    `ts` (unix ns) is when it was measured last, 0 never.
    """

    ts: int = 0
    offset_ns: int = 0
    round_trip_ns: int = 0


class DcpStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Disconnect-cancel-all: after how many seconds without us the venue cancels our orders.

    `wanted_s` 0 is not asked for. `set_s` is what the venue says that is set, when it was last
    asked at `read_ts` (unix ns, 0 never); `error` says why it did not answer.
    """

    wanted_s: int = 0
    set_s: int = 0
    read_ts: int = 0
    error: str = ""

    @property
    def holds(self) -> bool:
        """True when the venue has confirmed what was asked for."""
        return self.set_s == self.wanted_s > 0


class Unprotected(msgspec.Struct, frozen=True, kw_only=True):
    """A position that has had no protective stop since `since_ts` (unix ns), for too long."""

    symbol: str
    since_ts: int


class ReplayStatus(msgspec.Struct, kw_only=True):
    """Where a recorded market stands, in unix ns of the recording.

    `faults` lines of it could not be read and are left out; `fault` says what the first one is.
    """

    first_ts: int
    last_ts: int
    now_ts: int
    speed: str
    paused: bool = False
    finished: bool = False
    faults: int = 0
    fault: str = ""


class EngineStatus(msgspec.Struct, kw_only=True):
    """One look at the engine's health. `ts` is its clock (unix ns) at the time of the look.

    `symbols` are the markets that the account names; none are all that the venue has. `warnings`
    is what speaks against the API key. `error` is what broke in the engine: only a restart leaves
    it behind. `recording` is False once the journal has failed. `metrics_port` is the port of
    127.0.0.1 where `/health` and `/metrics` are served, if one is.
    """

    ts: int
    account: str = "paper"
    mode: str = "PAPER"
    ready: bool = False
    gate_open: bool = True
    private_up: bool = False
    public_up: bool = False
    requests: tuple[RequestStats, ...] = ()
    reconcile: ReconcileStatus = msgspec.field(default_factory=ReconcileStatus)
    pnl: PnlComparison = PnlComparison()
    replay: ReplayStatus | None = None
    input: InputStatus = msgspec.field(default_factory=InputStatus)
    clock: ClockStatus = ClockStatus()
    margin: AccountMargin = AccountMargin()
    dcp: DcpStatus = DcpStatus()
    unprotected: tuple[Unprotected, ...] = ()
    breakers: tuple[BreakerStatus, ...] = ()
    join: VenueJoin = VenueJoin()
    warnings: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    journal_lag_s: float = 0.0
    loop_lag_s: float = 0.0
    stream_gap_s: float = 0.0
    events: int = 0
    error: str = ""
    recording: bool = True
    metrics_port: int | None = None


class BookView(msgspec.Struct, kw_only=True):
    """The top of one book, best first, with the sum of what the newest trades were."""

    symbol: str
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    ts: int = 0


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """One journaled event and its number; numbers have no gaps."""

    seq: int
    event: Event


class LinkUpdate(msgspec.Struct, kw_only=True):
    """Everything new since the last poll. `snapshot` (an encoded `State`) replaces what was folded.

    `quotes` and `books` hold only what changed; `status` is the newest one or None.
    """

    snapshot: bytes | None = None
    snapshot_seq: int = 0
    events: list[Envelope] = msgspec.field(default_factory=list)
    quotes: dict[str, Quote] = msgspec.field(default_factory=dict)
    books: dict[str, BookView] = msgspec.field(default_factory=dict)
    trades: list[TradeTick] = msgspec.field(default_factory=list)
    status: EngineStatus | None = None

    def __bool__(self) -> bool:
        """True when there is anything to draw."""
        return bool(
            self.snapshot or self.events or self.quotes or self.books or self.trades or self.status
        )

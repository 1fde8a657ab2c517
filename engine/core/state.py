"""Everything that is known about one account, and the one function that changes it.

`evolve` folds one event into the state, in place. The engine folds events as it makes them, a
restart folds them from the journal, a console folds them from its link: the same code, so the
three cannot disagree. What follows from an event elsewhere (requests, metrics, screens) is not
decided here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from engine.core.activity import Activity
from engine.core.events import (
    CashBooked,
    CommandRefused,
    ConnectivityChanged,
    DriftSettled,
    EngineStarted,
    Event,
    ExecutionQuarantined,
    InstrumentsChanged,
    KeyNoted,
    KillProgress,
    KillStarted,
    LimitsChanged,
    LimitsPending,
    OrderAdopted,
    OrderDenied,
    OrderEvent,
    OrderRecalled,
    OrderSubmitted,
    PnlBaseline,
    PnlMarked,
    Reconciled,
    SettingAsked,
    SettingsChanged,
    SuspenseBooked,
    TradingStateChanged,
)
from engine.core.instruments import Instrument
from engine.core.ledger.by_hand import adjustment_of, without
from engine.core.ledger.cash import CashLedger
from engine.core.ledger.executions import split_key
from engine.core.ledger.from_orders import book_cash, quarantine
from engine.core.ledger.tracker import PositionTracker
from engine.core.orders import folds as order_folds
from engine.core.orders.exposure import OpenExposure
from engine.core.orders.machine import OrderStateMachine
from engine.core.reconcile.evidence import Evidence, Ignored
from engine.core.saved_state import encode_state, fill_state
from engine.core.seen import SeenCommands
from engine.core.settings import MarketSettings
from engine.core.trading import KillRecord, Narrowing, RiskState, is_stricter
from engine.core.types import DriftAction, TradingState

if TYPE_CHECKING:
    from engine.core.risk.rule import Line

REFUSALS_KEPT = 200


class State(SeenCommands, Evidence):
    """The fold of one account's events. Read it freely; only `evolve` changes it."""

    def __init__(self) -> None:
        SeenCommands.__init__(self)
        Evidence.__init__(self)
        self.account = ""
        self.venue = ""
        self.environment = ""
        self.run = 0
        self.seq = 0
        self.orders = OrderStateMachine()
        self.positions = PositionTracker()
        self.cash = CashLedger()
        self.exposure = OpenExposure()
        self.instruments: dict[str, Instrument] = {}
        self.settings: dict[str, MarketSettings] = {}
        self.trading = TradingState.ACTIVE
        self.trading_by = ""
        self.trading_reason = ""
        self.trading_since = 0
        self.narrowed: dict[str, Narrowing] = {}
        self.risk = RiskState()
        self.kill: KillRecord | None = None
        self.reconciled: Reconciled | None = None
        self.pnl_baseline: PnlBaseline | None = None
        self.fill_ts: dict[str, int] = {}  # when the newest execution of a symbol was booked
        self.coins: dict[str, Decimal] | None = None  # held before the ledger began; None: unknown
        self.ignored: dict[str, Ignored] = {}
        self.started_ts = 0
        self.refusals: deque[CommandRefused] = deque(maxlen=REFUSALS_KEPT)
        self.activity = Activity()
        self.rules: dict[str, tuple[Line, ...]] = {}
        """The risk rules that the limits turn on, by symbol; picked when they are first needed."""
        self.watching: bool | None = None  # do any limits need the watch? None: not looked yet
        self.offsets: dict[str, Decimal] | None = None

    def set_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Make these markets known: their steps for checks, their category for P&L."""
        for instrument in instruments:
            self.instruments[instrument.symbol] = instrument
            self.positions.set_instrument(instrument)

    def narrowing_of(self, symbol: str) -> Narrowing:
        """What holds for orders of `symbol`: the stricter of the account's state and its own."""
        own = self.narrowed.get(symbol)
        if own is not None and is_stricter(own.state, self.trading):
            return own
        return Narrowing(self.trading, self.trading_by, self.trading_reason, self.trading_since)

    def trading_of(self, symbol: str) -> TradingState:
        """The trading state that holds for orders of `symbol`."""
        return self.narrowing_of(symbol).state if self.narrowed else self.trading

    def encode(self) -> bytes:
        """The whole state as JSON, for a snapshot; `decode` gives it back exactly."""
        return encode_state(self)

    @classmethod
    def decode(cls, data: bytes) -> State:
        """Rebuild a state from `encode`'s bytes.

        Raises msgspec.DecodeError on damaged ones, and on those of another form of snapshot.
        """
        state = cls()
        fill_state(state, data)
        return state


def evolve(state: State, event: Event) -> None:
    """Fold one event into the state. Never raises on what a venue may have said."""
    _FOLDS[type(event)](state, event)
    state.seq += 1


def _settings(state: State, event: SettingsChanged) -> None:
    state.settings.update((market.symbol, market) for market in event.markets)


def _baseline(state: State, event: PnlBaseline) -> None:
    state.pnl_baseline = event


def _refused(state: State, event: CommandRefused) -> None:
    state.refusals.append(event)
    state.remember_command(event.command_id)
    order = state.orders.get_order(event.client_order_id)
    if order is not None:
        text = f"refused: {event.code} {event.text}"
        state.orders.note(order.client_order_id, event.ts, event.command, text)
        order.last_seq = state.seq + 1


def _trading(state: State, event: TradingStateChanged) -> None:
    state.remember_command(event.command_id)
    if event.state is TradingState.ACTIVE:
        state.activity.forgive(event.symbol)
    if not event.symbol:
        state.trading = event.state
        state.trading_by = event.by
        state.trading_reason = event.reason
        state.trading_since = event.ts
        state.risk.probation_until = event.probation_until
    elif event.state is TradingState.ACTIVE:
        state.narrowed.pop(event.symbol, None)
    else:
        state.narrowed[event.symbol] = Narrowing(event.state, event.by, event.reason, event.ts)


def _limits(state: State, event: LimitsChanged) -> None:
    state.risk.change_limits(event)
    state.rules.clear()
    state.watching = None
    state.remember_command(event.command_id)


def _limits_pending(state: State, event: LimitsPending) -> None:
    state.risk.pending = event.pending
    state.remember_command(event.command_id)


def _pnl_marked(state: State, event: PnlMarked) -> None:
    state.risk.pnl_mark = event


def _kill_started(state: State, event: KillStarted) -> None:
    earlier = state.kill
    state.kill = KillRecord(
        kill_id=event.kill_id,
        level=event.level,
        blocked_at=event.blocked_at,
        by=event.by,
        targets=event.targets,
    )
    if earlier is not None and earlier.is_of(state.trading_since):
        state.kill.follow(earlier)
    state.remember_command(event.kill_id)


def _kill_progress(state: State, event: KillProgress) -> None:
    kill = state.kill
    if kill is None or kill.kill_id != event.kill_id:
        return
    kill.first_cancel_at = kill.first_cancel_at or event.first_cancel_at
    kill.verified_zero_at = event.verified_zero_at
    kill.residual = event.residual
    kill.done = event.done


def _reconciled(state: State, event: Reconciled) -> None:
    state.reconciled = event
    if event.coins is not None:
        state.coins = event.coins
    if not event.error and not event.partial:
        state.ready = True


def _settled(state: State, event: DriftSettled) -> None:
    """What was decided holds at once: the difference is no longer one that nothing explains."""
    state.remember_command(event.command_id)
    found = state.reconciled
    if event.action is DriftAction.IGNORE:
        state.ignored[event.symbol] = Ignored(event.qty, event.until_ts, event.reason)
    elif event.price is not None:
        state.positions.apply_fill(adjustment_of(event, event.price))
        state.fill_ts[split_key(event.symbol)[0]] = event.ts
    if found is not None:
        state.reconciled = without(found, event)


def _connectivity(state: State, event: ConnectivityChanged) -> None:
    state.links[event.link] = event.up
    if event.link == "private":
        state.ready = False


def _started(state: State, event: EngineStarted) -> None:
    state.account = event.account
    state.venue = event.venue
    state.environment = event.environment
    state.run = event.run
    state.started_ts = event.ts
    if event.new_venue:
        state.pnl_baseline = None
    state.ready = False
    state.orders.keep_closed(event.closed_kept)
    state.links.clear()
    # A run on a recorded market begins before the last one ended.
    state.activity = Activity(state.activity.today)


_FOLDS: dict[type, Callable[[State, Any], object]] = {
    OrderSubmitted: order_folds.submitted,
    OrderDenied: order_folds.denied,
    OrderAdopted: order_folds.adopted,
    OrderEvent: order_folds.order_event,
    OrderRecalled: order_folds.recalled,
    SuspenseBooked: order_folds.suspended,
    CashBooked: lambda state, event: book_cash(state.positions, state.cash, event),
    ExecutionQuarantined: lambda state, event: quarantine(state.positions, state.cash, event),
    PnlBaseline: _baseline,
    CommandRefused: _refused,
    TradingStateChanged: _trading,
    LimitsChanged: _limits,
    LimitsPending: _limits_pending,
    PnlMarked: _pnl_marked,
    KillStarted: _kill_started,
    KillProgress: _kill_progress,
    Reconciled: _reconciled,
    DriftSettled: _settled,
    ConnectivityChanged: _connectivity,
    EngineStarted: _started,
    SettingAsked: lambda state, event: state.remember_command(event.command_id),
    SettingsChanged: _settings,
    InstrumentsChanged: lambda state, event: state.set_instruments(event.instruments),
    KeyNoted: lambda state, event: None,
}

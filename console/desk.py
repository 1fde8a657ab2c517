"""What the operator's hands are on: orders, cancels and stops, on their way to the engine's link.

Nothing here draws. Every method either hands one command to the link or says in words why not.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from console.entry import DUPLICATE_NS, Market
from console.ids import Ids
from console.kill_key import KillKey
from console.link import EngineLink
from console.replica import Replica
from engine.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    ChangeLimit,
    ChangeSetting,
    PlaceOrder,
    ReadOrder,
    Reconcile,
    Release,
    SettleDrift,
    WithdrawLimit,
)
from engine.core.events import Drift
from engine.core.settings import LONG, ONE_WAY, SHORT
from engine.core.types import DriftAction, KillLevel, Side, TradingState

if TYPE_CHECKING:
    from engine.core.orders.machine import Order
    from engine.core.risk import Denial


class Desk:
    """One operator at one account. `by` names the operator in the journal.

    `sent` holds the ids of orders and commands that this desk made, for their outcomes.
    """

    def __init__(
        self,
        link: EngineLink,
        replica: Replica,
        ids: Ids,
        *,
        read_only: bool = False,
        by: str = "operator",
    ) -> None:
        self.link = link
        self.replica = replica
        self.kill_key = KillKey()
        self.read_only = read_only
        self.by = by
        self.sent: set[str] = set()
        self._ids = ids

    @property
    def account(self) -> str:
        """The account's name, as the engine says it; empty before the first word from it."""
        status = self.replica.status
        return self.replica.state.account or (status.account if status else "")

    @property
    def halted(self) -> bool:
        """True while trading is latched off."""
        return self.replica.state.trading is TradingState.HALTED

    def refusal(self, now_ns: int, *, placing: bool = False) -> str | None:
        """Why only a kill may be sent now, or None. `placing` adds what stops new orders only."""
        if self.read_only:
            return "this console is read-only"
        if self.replica.status is None:
            return "the engine is still starting"
        if self.replica.stale_s(now_ns):
            return "the engine has not been heard from; only the kill key is left"
        if placing and self.halted:
            return "trading is halted; resume it from the palette (^p)"
        return None

    def open_orders(self) -> list[Order]:
        """Open orders that are this engine's own."""
        state = self.replica.state
        return [order for order in state.orders.open_orders() if not order.is_external]

    def order(self, order_id: str | None) -> Order | None:
        """One order by our id."""
        return None if order_id is None else self.replica.state.orders.orders.get(order_id)

    def find(self, name: str) -> Order | None:
        """One order in memory by our id or the venue's."""
        return self.replica.state.orders.find(name, name)

    def position_qty(self, symbol: str, index: int = 0) -> Decimal:
        """Signed quantity held, 0 when flat; of one side of a hedge with its index."""
        return self.replica.state.positions.get_position(symbol, index).qty

    def trades(self, symbol: str) -> bool:
        """True for a market of this account: one it names, or any where it names none."""
        status = self.replica.status
        return status is None or not status.symbols or symbol in status.symbols

    def market(self, symbol: str) -> Market:
        """What a ticket for `symbol` is checked against, as of the newest frame."""
        replica = self.replica
        now_ns = replica.engine_ns
        fresh = itertools.takewhile(
            lambda order: now_ns - order.created_ts < DUPLICATE_NS,
            reversed(replica.state.orders.orders.values()),
        )
        return Market(
            instrument=replica.state.instruments.get(symbol),
            ours=self.trades(symbol),
            quote=replica.quotes.get(symbol),
            held=tuple(self.position_qty(symbol, index) for index in (ONE_WAY, LONG, SHORT)),
            settings=replica.state.settings.get(symbol),
            working=[order for order in self.open_orders() if order.symbol == symbol],
            recent=[order for order in fresh if order.symbol == symbol],
            now_ns=now_ns,
        )

    def foresee(self, order: PlaceOrder) -> Denial | None:
        """What the engine would deny this order for, judged here as there; None for nothing.

        Nothing before the first status: then there is nothing to judge by.
        """
        from engine.core.context import Context
        from engine.core.risk import Denied, check

        replica = self.replica
        status = replica.status
        if status is None:
            return None
        context = Context(
            now_ns=replica.engine_ns,
            quotes=replica.quotes,
            compared_ns=status.reconcile.last_ok_ts,
            clock=status.clock,
            margin=status.margin,
            breaker=next((b for b in status.breakers if b.name == "place" and not b.closed), None),
            join=status.join,
        )
        named = msgspec.structs.replace(order, client_order_id="x")
        verdict = check(replica.state, named, context)
        return verdict.denial if isinstance(verdict, Denied) else None

    def doubts(self, order: PlaceOrder) -> tuple[str, ...]:
        """Why the size of this order may be a slip of the hand; nothing for a usual one."""
        from console.slips import doubts, recent_sizes
        from engine.core.risk import size_share

        state = self.replica.state
        share = size_share(state, order, self.replica.quotes)
        sizes = recent_sizes(reversed(state.orders.orders.values()), order.symbol)
        return doubts(order.qty, share, sizes)

    def place(self, order: PlaceOrder) -> str:
        """Send one order under new ids; returns its client order id."""
        order_id = self._remember(self._ids.order())
        self.link.submit(
            msgspec.structs.replace(
                order, command_id=self._command(), client_order_id=order_id, by=self.by
            )
        )
        return order_id

    def amend(self, command: AmendOrder) -> None:
        """Ask for new terms of one order."""
        self.link.submit(msgspec.structs.replace(command, command_id=self._command(), by=self.by))

    def cancel(self, order_id: str) -> None:
        """Ask to cancel one order."""
        self.link.submit(
            CancelOrder(command_id=self._command(), by=self.by, client_order_id=order_id)
        )

    def read_order(self, name: str) -> None:
        """Ask for an order that has left memory, by our id or the venue's."""
        self.link.submit(ReadOrder(command_id=self._command(), by=self.by, name=name))

    def cancel_many(
        self,
        *,
        symbol: str | None = None,
        side: Side | None = None,
        order_ids: Iterable[str] | None = None,
    ) -> None:
        """Ask to cancel all open orders, or those of a symbol, a side, or the named ones."""
        self.link.submit(
            CancelAll(
                command_id=self._command(),
                by=self.by,
                symbol=symbol,
                side=side,
                client_order_ids=None if order_ids is None else tuple(order_ids),
            )
        )

    def reconcile(self) -> None:
        """Ask for a comparison with the venue now."""
        self.link.submit(Reconcile(command_id=self._command(), by=self.by))

    def settle_drift(self, drift: Drift, action: DriftAction, reason: str, for_s: float) -> None:
        """Decide about a difference as it was looked at; the engine refuses if it has changed."""
        self.link.submit(
            SettleDrift(
                command_id=self._command(),
                by=self.by,
                symbol=drift.symbol,
                action=action,
                qty=drift.qty,
                reason=reason,
                for_s=for_s,
            )
        )

    def release(self, account: str, reason: str, symbol: str = "") -> None:
        """Ask to resume trading, or that of one market; the engine judges account and reason."""
        self.link.submit(
            Release(
                command_id=self._command(),
                by=self.by,
                account=account,
                reason=reason,
                symbol=symbol,
            )
        )

    def change_limit(self, command: ChangeLimit | WithdrawLimit) -> None:
        """Ask for another limit, or to forget one that waits."""
        self.link.submit(msgspec.structs.replace(command, command_id=self._command(), by=self.by))

    def change_setting(self, command: ChangeSetting) -> None:
        """Ask the venue for another leverage or position mode of a market."""
        self.link.submit(msgspec.structs.replace(command, command_id=self._command(), by=self.by))

    def press_kill(self, now_s: float) -> KillLevel:
        """One press of the kill key at monotonic `now_s`: carried out before this returns."""
        level = self.kill_key.press(now_s)
        self.link.kill(level, self.by, "kill key")
        return level

    def kill_now(self, reason: str) -> None:
        """Both stages of the kill at once."""
        self.link.kill(self.kill_key.both(), self.by, reason)

    def flatten(self) -> None:
        """After a halt: cancel everything and close every position. Ask first."""
        self.link.kill(KillLevel.FLATTEN, self.by, "confirmed flatten")

    def _command(self) -> str:
        return self._remember(self._ids.command())

    def _remember(self, new_id: str) -> str:
        self.sent.add(new_id)
        return new_id

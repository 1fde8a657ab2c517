"""A desk whose closed orders leave memory, and the journal that gives them back."""

from __future__ import annotations

from engine.core.decide.judge import Input
from engine.core.events import EngineStarted, Event, InstrumentsChanged, OrderRecalled, Reconciled
from engine.core.orders.machine import Order
from engine.core.requests import RecallAnswer, RecallOrder
from engine.core.state import State, evolve
from tests.support.desk import Desk, fill, perpetual


def started(closed_kept: int) -> EngineStarted:
    """The event that a run begins with."""
    return EngineStarted(
        ts=1, account="paper", venue="bybit", environment="paper", closed_kept=closed_kept
    )


def folded(events: list[Event], closed_kept: int) -> State:
    """The state that the desk's events lead to, with another bound."""
    state = State()
    for event in (
        started(closed_kept),
        InstrumentsChanged(ts=1, instruments=(perpetual(),)),
        Reconciled(ts=1),
        *events,
    ):
        evolve(state, event)
    return state


class ForgetfulDesk(Desk):
    """Keeps `closed_kept` closed orders. What is asked of the journal is in `recalls`, in turn.

    `give` answers at once, unless `patient`; then `answer` does.
    """

    def __init__(self, closed_kept: int = 1, *, patient: bool = False) -> None:
        super().__init__()
        self.state = folded([], closed_kept)
        self.patient = patient
        self.recalls: list[RecallOrder] = []

    def give(self, item: Input) -> list[Event]:
        events = self._decided(item)
        while self.recalls and not self.patient:
            events += self.answer()
        return events

    def answer(self, error: str = "") -> list[Event]:
        """Hand over the journal's answer to the oldest question."""
        recall = self.recalls.pop(0)
        order = None if error else self.read(recall)
        return self._decided(RecallAnswer(recall=recall, order=order, error=error))

    def _decided(self, item: Input) -> list[Event]:
        events = super().give(item)
        self.recalls += [step for step in self.requests if isinstance(step, RecallOrder)]
        return events

    def read(self, recall: RecallOrder) -> Order | None:
        """The order as the journal knows it."""
        state = State()
        state.seq = 3  # as many events come before the desk's own
        for event in self.events[: recall.last_seq - state.seq]:
            if type(event) is OrderRecalled:
                state.seq += 1
            else:
                evolve(state, event)
        order = state.orders.find(recall.name, recall.name)
        if order is not None:
            assert (order.first_seq, order.last_seq) == (recall.first_seq, recall.last_seq)
        return order

    @property
    def resident(self) -> list[str]:
        """The ids of the orders in memory."""
        return list(self.state.orders.orders)

    def filled(self, order_id: str) -> None:
        """Place an order and let it fill."""
        self.working(order_id)
        self.give(fill(f"e-{order_id}", "0.010", order_id))

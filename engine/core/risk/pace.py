"""Rules on how many and how fast: open orders, orders in doubt, rates, repetitions."""

from __future__ import annotations

from engine.core.activity import DAY_NS, Times, count_since
from engine.core.limits import to_ns
from engine.core.orders.exposure import Doubt
from engine.core.risk.rule import Rule
from engine.core.risk.terms import Amount, Terms, plain, seconds
from engine.core.types import NS

MESSAGES_MIN = 200
"""From this many messages a day on their ratio to fills means something."""


def _one_less(_terms: Terms, value: Amount, _bound: Amount) -> str:
    """The count before this order."""
    return plain(value - 1)


def _fewer(_terms: Terms, _value: Amount, _bound: Amount) -> str:
    return "once one of them has ended"


def _answered(_terms: Terms, _value: Amount, _bound: Amount) -> str:
    return "once one of them is answered"


def _open(terms: Terms, _limit: Amount) -> Amount:
    return terms.state.exposure.count() + 1


def _open_of_symbol(terms: Terms, _limit: Amount) -> Amount:
    return terms.state.exposure.count(terms.order.symbol) + 1


def _doubtful(code: str, key: str, doubt: Doubt, *, with_this: int) -> tuple[Rule, Rule]:
    """A rule for the symbol and one for the account; a new order is itself in flight."""

    def of_symbol(terms: Terms, _limit: Amount) -> Amount:
        return terms.state.exposure.in_doubt(doubt, terms.order.symbol) + with_this

    def of_account(terms: Terms, _limit: Amount) -> Amount:
        return terms.state.exposure.in_doubt(doubt) + with_this

    def before(_terms: Terms, value: Amount, _bound: Amount) -> str:
        return plain(value - with_this)

    return (
        Rule(code=f"{code}_SYMBOL", key=f"{key}_symbol", new_only=True, measure=of_symbol,
             value=before, passes=_answered),
        Rule(code=code, key=key, account=True, new_only=True, measure=of_account,
             value=before, passes=_answered),
    )  # fmt: skip


def _rate(code: str, key: str, window_ns: int, word: str, *, account: bool) -> Rule:
    """New orders in a sliding window: the one that is exactly a window old is out of it."""

    def times(terms: Terms) -> Times:
        activity = terms.state.activity
        return activity.submits if account else activity.symbol_submits(terms.order.symbol)

    def measure(terms: Terms, limit: Amount) -> Amount:
        sent, count = times(terms), int(limit)
        full = len(sent) >= count and sent[-count] > terms.context.now_ns - window_ns
        return limit + 1 if full else 0

    def count(terms: Terms, _limit: Amount) -> Amount:
        return count_since(times(terms), terms.context.now_ns - window_ns)

    def wait(terms: Terms, _value: Amount, bound: Amount) -> str:
        return f"in {seconds(times(terms)[-int(bound)] + window_ns - terms.context.now_ns)}"

    return Rule(
        code=code,
        key=key,
        account=account,
        new_only=True,
        measure=measure,
        count=count,
        value=lambda _terms, value, bound: f"{min(value, bound)} in the last {word}",
        limit=lambda _terms, _value, bound: f"{bound} a {word}",
        passes=wait,
    )


def _today(terms: Terms, _limit: Amount) -> Amount:
    return terms.state.activity.day_counts(terms.context.now_ns).submits + 1


def _till_tomorrow(terms: Terms, _value: Amount, _bound: Amount) -> str:
    return f"in {seconds(DAY_NS - terms.context.now_ns % DAY_NS)}, when the UTC day ends"


def _since_same(terms: Terms, _limit: Amount) -> Amount | None:
    """Nanoseconds since an order on the same terms left; None when it is meant, or the first."""
    order = terms.order
    last = terms.state.activity.last_same(
        order.symbol, order.side, order.qty, order.price, order.type, order.trigger
    )
    return terms.context.now_ns - last if last and not order.repeat else None


def _messages(terms: Terms, _limit: Amount) -> Amount | None:
    today = terms.state.activity.day_counts(terms.context.now_ns)
    return today.messages if today.messages >= MESSAGES_MIN else None


def _messages_allowed(terms: Terms, limit: Amount) -> Amount:
    today = terms.state.activity.day_counts(terms.context.now_ns)
    return max(today.fills, 1) * limit


PACE = (
    Rule(
        code="MAX_OPEN_ORDERS_SYMBOL",
        key="max_open_orders_symbol",
        new_only=True,
        measure=_open_of_symbol,
        value=_one_less,
        passes=_fewer,
    ),
    Rule(
        code="MAX_OPEN_ORDERS",
        key="max_open_orders",
        account=True,
        new_only=True,
        measure=_open,
        value=_one_less,
        passes=_fewer,
    ),
    *_doubtful("MAX_INFLIGHT", "max_inflight", Doubt.INFLIGHT, with_this=1),
    *_doubtful("MAX_UNKNOWN", "max_unknown", Doubt.UNKNOWN, with_this=0),
    _rate("ORDER_RATE_SYMBOL", "orders_per_s_symbol", NS, "second", account=False),
    _rate("ORDER_RATE", "orders_per_s", NS, "second", account=True),
    _rate("ORDER_RATE_MINUTE", "orders_per_min", 60 * NS, "minute", account=True),
    Rule(
        code="ORDER_RATE_DAY",
        key="orders_per_day",
        account=True,
        new_only=True,
        measure=_today,
        value=_one_less,
        passes=_till_tomorrow,
    ),
    Rule(
        code="DUPLICATE",
        key="duplicate_window_s",
        new_only=True,
        measure=_since_same,
        bound=lambda _terms, limit: to_ns(limit),
        floor=True,
        value=lambda _terms, value, _bound: f"the same {seconds(int(value))} ago",
        limit=lambda _terms, _value, bound: f"once in {seconds(int(bound))}",
        passes=lambda _terms, value, bound: f"in {seconds(int(bound - value))}, or marked as meant",
    ),
    Rule(
        code="MESSAGE_RATIO",
        key="messages_per_fill",
        account=True,
        new_only=True,
        measure=_messages,
        bound=_messages_allowed,
        value=lambda _terms, value, _bound: f"{value} messages today",
        limit=lambda _terms, _value, bound: f"{bound} for the fills of today",
        passes=_till_tomorrow,
    ),
)

"""Rules on what the account can bear: leverage, use of margin, and how near liquidation is.

They measure by what the venue said last. Where it has not said it, or too long ago, only
reduce-only orders pass.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_UP, Decimal

from engine.core.ledger.executions import position_key, split_key
from engine.core.margin import PositionMargin, liq_distance
from engine.core.risk.gate import REDUCE_ONLY
from engine.core.risk.rule import Rule
from engine.core.risk.sums import unpriced_words, worst_values
from engine.core.risk.terms import UNPRICED, Amount, Terms, index_of, most_for, plain, seconds
from engine.core.types import ZERO, Category

UNSET = Decimal(1)
"""The leverage of a market where the venue has told none, and of what is paid in full."""
SHOWN = Decimal("0.0001")


def looks_at_margin(terms: Terms) -> bool:
    """True where any of these rules is on."""
    account, own = terms.state.risk.limits, terms.limits
    keys = (account.max_leverage, account.max_margin_use, own.min_liq_distance)
    return any(key is not None for key in keys)


def _equity(terms: Terms) -> Decimal | None:
    return terms.margin.equity_at(terms.context.now_ns, terms.state.risk.limits)


def _no_equity(terms: Terms, _limit: Amount) -> Amount | None:
    return None if terms.order.reduce_only or _equity(terms) is not None else 1


def _told(terms: Terms, what: str, ts: int | None) -> str:
    """What the venue has not told lately, and since when."""
    if not ts:
        return f"the venue has not told {what} yet"
    return f"{what} was told {seconds(terms.context.now_ns - ts)} ago"


def _equity_words(terms: Terms, _value: Amount, _bound: Amount) -> str:
    margin = terms.margin
    if margin.ts and margin.equity is None:
        return "the venue tells no equity"
    return _told(terms, "equity", margin.ts)


def _age_limit(terms: Terms, _value: Amount, _bound: Amount) -> str:
    longest = terms.state.risk.limits.reconcile_age_s
    return "known" if longest is None else f"{plain(longest)} s"


def _reduce_only(_terms: Terms, _value: Amount, _bound: Amount) -> str:
    return REDUCE_ONLY


def _over(amount: Decimal, equity: Decimal) -> Decimal:
    """An amount over equity; nothing is little enough where there is none."""
    return amount / equity if equity > ZERO else UNPRICED


def _leverage(terms: Terms, _limit: Amount) -> Amount | None:
    """The account's worst gross value over its equity."""
    equity = _equity(terms)
    if terms.order.reduce_only or equity is None:
        return None
    values = worst_values(terms)
    return None if values is None else _over(sum(values.values(), ZERO), equity)


def _needed(terms: Terms) -> Decimal | None:
    """Initial margin of every symbol at its worst; None for an order that needs no more."""
    values = worst_values(terms)
    if values is None:
        return None
    told = _leverages(terms)
    return sum((value / told.get(symbol, UNSET) for symbol, value in values.items()), ZERO)


def _leverages(terms: Terms) -> dict[str, Decimal]:
    """What each market is set to: the least of what its settings and its positions say."""
    settings = terms.state.settings.values()
    told = {market.symbol: market.leverage for market in settings if market.leverage}
    for key, held in terms.margin.positions.items():
        symbol = split_key(key)[0]
        if held.leverage is not None:
            told[symbol] = min(held.leverage, told.get(symbol, held.leverage))
    return told


def _margin_use(terms: Terms, _limit: Amount) -> Amount | None:
    """Initial margin as a part of equity, by our own figures or the venue's, the larger."""
    equity = _equity(terms)
    if terms.order.reduce_only or equity is None:
        return None
    needed = _needed(terms)
    if needed is None:
        return None
    return _over(max(needed, terms.margin.initial_margin or ZERO), equity)


def _worth(terms: Terms) -> Decimal:
    return terms.instrument.notional(terms.order.qty, terms.reference)


def _unmeasured(terms: Terms) -> str:
    equity = _equity(terms) or ZERO
    return unpriced_words(terms) if equity > ZERO else f"equity {plain(equity)}"


def _leverage_words(terms: Terms, value: Amount, _bound: Amount) -> str:
    if value == UNPRICED:
        return _unmeasured(terms)
    return f"{_up(value)}x of equity {plain(_equity(terms) or ZERO)}"


def _leverage_room(terms: Terms, value: Amount, bound: Amount) -> str:
    if value == UNPRICED:
        return REDUCE_ONLY
    room = _worth(terms) - (Decimal(value) - bound) * (_equity(terms) or ZERO)
    return most_for(terms, room, terms.reference)


def _use_words(terms: Terms, value: Amount, _bound: Amount) -> str:
    if value == UNPRICED:
        return _unmeasured(terms)
    return f"{_up(value * 100)} % of equity {plain(_equity(terms) or ZERO)}"


def _use_room(terms: Terms, value: Amount, bound: Amount) -> str:
    """What is left for this order, where it is not the venue that already counts too much."""
    needed, allowed = _needed(terms), bound * (_equity(terms) or ZERO)
    if value == UNPRICED or needed is None:
        return REDUCE_ONLY
    if (terms.margin.initial_margin or ZERO) > allowed:
        return REDUCE_ONLY
    leverage = _leverages(terms).get(terms.order.symbol, UNSET)
    room = _worth(terms) - (needed - allowed) * leverage
    return most_for(terms, room, terms.reference)


def _up(value: Amount) -> str:
    return plain(Decimal(value).quantize(SHOWN, ROUND_UP))


def _adds_to_position(terms: Terms) -> bool:
    order = terms.order
    is_spot = terms.instrument.category is Category.SPOT
    return not order.reduce_only and not is_spot and terms.held_qty * order.side.sign > ZERO


def _held(terms: Terms) -> PositionMargin | None:
    now_ns, limits = terms.context.now_ns, terms.state.risk.limits
    return terms.margin.position_at(_key(terms), terms.held_qty, now_ns, limits)


def _key(terms: Terms) -> str:
    return position_key(terms.order.symbol, index_of(terms.state, terms.order))


def _no_liq_price(terms: Terms, _limit: Amount) -> Amount | None:
    return 1 if _adds_to_position(terms) and _held(terms) is None else None


def _liq_words(terms: Terms, _value: Amount, _bound: Amount) -> str:
    key = _key(terms)
    held = terms.margin.position(key, terms.held_qty)
    return _told(terms, f"where {key} is liquidated", None if held is None else held.ts)


def _distance(terms: Terms, _limit: Amount) -> Amount | None:
    """How far a position that the order adds to is from its liquidation, as a part of the mark."""
    held = _held(terms) if _adds_to_position(terms) else None
    if held is None or held.liq_price is None:
        return None
    net = terms.state.positions.net_qty(terms.order.symbol)
    return liq_distance(held.liq_price, terms.reference, net)


def _distance_words(terms: Terms, value: Amount, _bound: Amount) -> str:
    held = _held(terms)
    price = ZERO if held is None else held.liq_price or ZERO
    share = (Decimal(value) * 100).quantize(SHOWN, ROUND_FLOOR)
    return f"{plain(share)} % from liquidation at {plain(price)}"


def _percent(_terms: Terms, _value: Amount, bound: Amount) -> str:
    return f"{plain(bound * 100)} %"


def _known_equity(key: str) -> Rule:
    return Rule(
        code="NO_EQUITY",
        key=key,
        account=True,
        measure=_no_equity,
        bound=lambda _terms, _limit: 0,
        value=_equity_words,
        limit=_age_limit,
        passes=_reduce_only,
    )


MARGIN = (
    _known_equity("max_leverage"),
    Rule(
        code="MAX_LEVERAGE",
        key="max_leverage",
        account=True,
        measure=_leverage,
        value=_leverage_words,
        limit=lambda _terms, _value, bound: f"{plain(bound)}x",
        passes=_leverage_room,
    ),
    _known_equity("max_margin_use"),
    Rule(
        code="MAX_MARGIN_USE",
        key="max_margin_use",
        account=True,
        measure=_margin_use,
        value=_use_words,
        limit=_percent,
        passes=_use_room,
    ),
    Rule(
        code="NO_LIQ_PRICE",
        key="min_liq_distance",
        measure=_no_liq_price,
        bound=lambda _terms, _limit: 0,
        value=_liq_words,
        limit=_age_limit,
        passes=_reduce_only,
    ),
    Rule(
        code="MIN_LIQ_DISTANCE",
        key="min_liq_distance",
        measure=_distance,
        floor=True,
        value=_distance_words,
        limit=_percent,
        passes=_reduce_only,
    ),
)

"""Operations that lead to orders and cancels: each opens a sheet, asks on a row, or sends."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from console import sizes
from console.arming import ArmState
from console.entry import TicketText
from console.format import exact
from engine.core.ledger.executions import split_key
from engine.core.types import DriftAction, DriftKind, OrderType, Side

if TYPE_CHECKING:
    from console.app import ConsoleApp
    from console.screens.ticket import TicketPort
    from engine.core.orders.machine import Order


def ticket_port(app: ConsoleApp) -> TicketPort:
    """What sheets that send orders may see and do."""
    from console.screens.ticket import TicketPort

    return TicketPort(
        symbols=app.session.symbols(),
        market=app.desk.market,
        foresee=app.desk.foresee,
        doubts=app.desk.doubts,
        blocked=lambda: app.desk.refusal(app.session.clock.now_ns(), placing=True),
        armed=lambda: app.session.arm_state() is ArmState.ARMED,
        key_time_s=lambda: app.key_time_s,
        send=app.desk.place,
    )


def symbol_in_hand(app: ConsoleApp) -> str:
    """The position under the cursor while positions have the keys, else the ladder's market."""
    return split_key(position_in_hand(app))[0] or app.session.ui.symbol


def position_in_hand(app: ConsoleApp) -> str:
    """The key of the position under the cursor while positions have the keys, else empty."""
    return (app.main.positions.cursor_id or "") if app.main.active == "positions" else ""


def open_ticket(
    app: ConsoleApp, side: Side, *, symbol: str = "", price: Decimal | None = None
) -> None:
    """A ticket for `symbol` or the one in hand, at `price` or the touch; never sends by itself."""
    from console.screens.ticket import Ticket

    symbol = symbol or symbol_in_hand(app)
    market = app.desk.market(symbol)
    if market.instrument is None:
        app.say(f"no market yet: {_why_no_market(app)}", bad=True)
        return
    touch = sizes.touch_price(market.quote, market.instrument, side)
    start = TicketText(
        symbol=symbol,
        side=side,
        qty=f"{sizes.presets(market.instrument, market.quote)[0]:f}",
        price=touch if price is None else sizes.price_text(price, market.instrument),
    )
    app.push_screen(Ticket(ticket_port(app), start))


def _why_no_market(app: ConsoleApp) -> str:
    status = app.replica.status
    if status is None or (status.join.joined and not app.replica.state.instruments):
        return "the engine is still starting"
    if status.join.joined:
        return f"the venue has none of this account's symbols: {', '.join(status.symbols)}"
    join, now_ns = status.join, app.replica.engine_ns
    return (
        f"the venue has not been reached: {join.error or 'no answer yet'}; {join.outlook(now_ns)}"
    )


def close_position(app: ConsoleApp) -> None:
    """A market ticket that closes the symbol's position, reduce-only, sized to it."""
    from console.screens.ticket import Ticket

    symbol, index = split_key(position_in_hand(app) or app.session.ui.symbol)
    settings = app.replica.state.settings.get(symbol)
    if not index and settings is not None and settings.hedged:
        app.say(f"{symbol} is hedged: choose a side of it in panel 2", bad=True)
        return
    held = app.desk.position_qty(symbol, index)
    if not held:
        app.say(f"no position in {symbol}" if symbol else "no position")
        return
    side = Side.SELL if held > 0 else Side.BUY
    market = app.desk.market(symbol)
    start = TicketText(
        symbol=symbol,
        side=side,
        qty=f"{abs(held):f}",
        price=sizes.touch_price(market.quote, market.instrument, side),
        type=OrderType.MARKET,
        reduce_only=True,
    )
    app.push_screen(Ticket(ticket_port(app), start))


def cancel(app: ConsoleApp) -> None:
    """Cancel the row's order: at once when armed, after y on its row when safe."""
    order = _open_order(app)
    if order is None or app.blocked():
        return
    if app.session.arm_state() is ArmState.ARMED:
        app.desk.cancel(order.client_order_id)
        return
    price = "market" if order.price is None else exact(order.price)
    app.main.ask(
        order.client_order_id,
        f"Cancel {order.side.upper()} {order.leaves_qty:f} {order.symbol} @ {price} "
        f"{order.client_order_id}?",
        app.key_time_s,
        partial(app.desk.cancel, order.client_order_id),
    )


def cancel_at(app: ConsoleApp, price: Decimal, order_ids: tuple[str, ...]) -> None:
    """Cancel own orders at one level of the ladder: at once when armed, after y when safe."""
    send = partial(app.desk.cancel_many, order_ids=order_ids)
    if app.session.arm_state() is ArmState.ARMED:
        send()
        return
    count = len(order_ids)
    text = f"Cancel {count} own order{'' if count == 1 else 's'} at {exact(price)}?"
    app.main.ask("", text, app.monotonic(), send)


def choose_cancels(app: ConsoleApp) -> None:
    """Cancel many orders by one more key."""
    from console.screens.cancel_chooser import CancelChooser, Group, cancel_groups

    if app.blocked():
        return
    blotter = app.main.blotter

    def groups() -> tuple[Group, ...]:
        orders = app.desk.open_orders()
        return cancel_groups(
            orders, app.session.ui.symbol, blotter.ordered_ids(), blotter.filter.text
        )

    def chosen(group: Group | None) -> None:
        if group is not None:
            app.desk.cancel_many(order_ids=[o.client_order_id for o in group.orders])

    app.push_screen(CancelChooser(groups, app.keymap), chosen)


def modify(app: ConsoleApp) -> None:
    """Change the row's order."""
    from console.screens.amend import Amend

    order = _open_order(app)
    if order is None or app.blocked():
        return
    instrument = app.replica.state.instruments.get(order.symbol)
    if instrument is None or (order.price is None and not order.is_waiting):
        app.say("only a priced order of a known market can be modified", bad=True)
        return
    app.push_screen(Amend(ticket_port(app), order, app.desk.order, instrument, app.desk.amend))


def reconcile(app: ConsoleApp) -> None:
    """Compare with the venue now."""
    if not app.blocked():
        app.desk.reconcile()
        app.say("comparing with the venue")


def settle_drift(action: DriftAction, app: ConsoleApp) -> None:
    """Adopt, flatten or ignore the difference under the cursor of panel 5, once confirmed."""
    from console.screens.settle import seconds, settle_screen
    from console.views.recon import differences

    if app.blocked():
        return
    status = app.replica.status
    found = {} if status is None else {d.symbol: d for d in differences(status.reconcile)}
    drift = found.get(app.main.recon.cursor_id or "")
    if drift is None:
        app.say("no difference to settle")
        return
    if drift.kind is DriftKind.PENDING:
        app.say(f"{drift.symbol}: {drift.cause}; it is compared again by itself")
        return
    instrument = app.replica.state.instruments.get(split_key(drift.symbol)[0])
    step = instrument.qty_step if instrument else None

    def typed(texts: tuple[str, ...] | None) -> None:
        if texts is not None:
            for_s = seconds(texts[2]) if action is DriftAction.IGNORE else 0.0
            app.desk.settle_drift(drift, action, texts[1], for_s)

    app.push_screen(settle_screen(action, drift, step), typed)


def _open_order(app: ConsoleApp) -> Order | None:
    order = app.desk.order(app.main.blotter.cursor_id)
    if order is None:
        app.say("no order under the cursor")
    elif not order.is_open:
        app.say(f"{order.client_order_id} is {order.state} already")
        return None
    return order

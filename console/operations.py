"""What each action of the main screen does: one short function an action id."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from console import trading
from console.export import export_rows, write_export
from console.format import clock
from console.screens.layout import PANELS
from engine.core.types import DriftAction, Side, TradingState

if TYPE_CHECKING:
    from console.app import ConsoleApp
    from engine.core.orders.machine import Order

Operation = Callable[["ConsoleApp"], None]


# Stop.


def press_kill(app: ConsoleApp) -> None:
    """Halt on the first press, cancel on the second; no dialog, no guard, no wait."""
    app.session.arming.disarm()
    app.stop_trading(lambda: app.desk.press_kill(app.monotonic()))


def kill_now(app: ConsoleApp) -> None:
    """Both stages at once."""
    app.session.arming.disarm()
    app.stop_trading(lambda: app.desk.kill_now("palette"))


def flatten(app: ConsoleApp) -> None:
    """After a halt only, and only with the words typed."""
    from console.screens.release import flatten_screen

    if not app.desk.halted:
        app.say(f"halt first ({app.keymap.text('kill.halt')}), then flatten", bad=True)
        return
    held = sum(p.qty != 0 for p in app.replica.state.positions.positions.values())
    app.push_screen(
        flatten_screen(app.desk.account, held),
        lambda typed: app.stop_trading(app.desk.flatten) if typed else None,
    )


def release(app: ConsoleApp) -> None:
    """Resume trading with a typed account and reason; of one market while the account trades."""
    from console.screens.release import release_screen

    state = app.replica.state
    active = state.trading is TradingState.ACTIVE
    symbol = next(iter(state.narrowed), "") if active else ""
    if active and not symbol:
        app.say("trading is active already")
        return
    if app.blocked():
        return
    narrowing = state.narrowing_of(symbol)
    app.push_screen(
        release_screen(app.desk.account, narrowing.by, narrowing.reason, symbol),
        lambda typed: app.desk.release(typed[0], typed[1], symbol) if typed else None,
    )


def change_limit(app: ConsoleApp) -> None:
    """Ask the engine for another limit, or to forget one that waits."""
    from console.screens.limits import limit_screen, read_change

    if not app.blocked():
        app.push_screen(
            limit_screen(app.replica.state.risk),
            lambda typed: app.desk.change_limit(read_change(typed[0])) if typed else None,
        )


def change_setting(app: ConsoleApp) -> None:
    """Ask the venue for another leverage or position mode, with the account's name typed."""
    from console.screens.settings import read_setting, settings_screen

    if not app.blocked():
        app.push_screen(
            settings_screen(app.desk.account, app.replica.state.settings.values()),
            lambda typed: app.desk.change_setting(read_setting(typed[0])) if typed else None,
        )


# Arm.


def toggle_arm(app: ConsoleApp) -> None:
    """SAFE to ARMED and back; a live account's name must be typed."""
    from console.screens.release import arm_screen

    if app.session.arming.disarm():
        app.say("SAFE")
    elif app.options.live:
        app.push_screen(arm_screen(app.desk.account), lambda typed: _arm(app) if typed else None)
    else:
        _arm(app)


def _arm(app: ConsoleApp) -> None:
    refusal = app.session.arm()
    app.say(f"not armed: {refusal}" if refusal else "ARMED for 5:00", bad=bool(refusal))


def disarm(app: ConsoleApp) -> None:
    """Back to SAFE; when it was SAFE, back to an unfiltered blotter."""
    if app.session.arming.disarm():
        app.say("SAFE")
    elif app.main.blotter.filter.text:
        app.main.close_filter(clear=True)


# View.


def detail(app: ConsoleApp) -> None:
    """The story of the row's order."""
    from console.screens.detail import Detail

    order = _selected(app)
    if order is not None:
        app.push_screen(Detail(order.client_order_id, app.desk, app.session.ui.glyphs))


def find_order(app: ConsoleApp) -> None:
    """The story of an order by its id, also of one that only the journal has."""
    from console.screens.detail import find_screen

    app.push_screen(find_screen(), lambda typed: _open(app, typed[0]) if typed else None)


def _open(app: ConsoleApp, name: str) -> None:
    from console.screens.detail import Detail

    if app.desk.find(name) is None:
        if app.blocked():
            return
        app.desk.read_order(name)
    app.push_screen(Detail(name, app.desk, app.session.ui.glyphs))


def _selected(app: ConsoleApp) -> Order | None:
    blotter = app.main.blotter
    return None if blotter.cursor_id is None else blotter.order(blotter.cursor_id)


def copy_row(app: ConsoleApp) -> None:
    """The row's order to the clipboard, tab separated."""
    order = _selected(app)
    if order is None:
        app.say("no order under the cursor")
        return
    record = export_rows([order])[0]
    app.copy_to_clipboard("\t".join("" if v is None else str(v) for v in record.values()))
    app.say(f"{order.client_order_id} copied, if the terminal allows it")


def export(app: ConsoleApp) -> None:
    """The filtered view to files in the state directory; the toast says where."""
    blotter = app.main.blotter
    orders = (blotter.order(order_id) for order_id in blotter.ordered_ids())
    rows = export_rows(order for order in orders if order is not None)
    stamp = f"{app.replica.engine_ns}"
    try:
        path = write_export(rows, app.options.state_dir / "exports", stamp)
    except OSError as error:
        app.say(f"export failed: {error}", bad=True)
    else:
        retired = app.replica.state.orders.retired.count
        more = f", without the {retired:,} in the journal" if retired else ""
        app.say(f"{len(rows):,} orders at {clock(app.replica.engine_ns)} in {path} and .json{more}")


def pause_replay(app: ConsoleApp) -> None:
    """Stop or continue the recorded market; the engine goes on answering."""
    status = app.replica.status
    if status is None or status.replay is None:
        app.say("not a replay")
    else:
        app.session.link.pause_replay(not status.replay.paused)


def activate(panel: str, app: ConsoleApp) -> None:
    """Give the keys to a panel."""
    app.main.activate(panel)


def show_help(app: ConsoleApp) -> None:
    """Every action and its keys, and the states of an order."""
    from console.screens.help import Help

    app.push_screen(Help(app.keymap, app.session.ui.glyphs, read_only=app.options.read_only))


# Leave.


def leave(app: ConsoleApp) -> None:
    """Quit; with open orders of an engine that ends with us, ask what becomes of them."""
    from console.screens.quit import QuitSheet

    count = len(app.desk.open_orders())
    if isinstance(app.screen, QuitSheet):
        return
    if not count or app.options.read_only:
        app.leave("leave")
    elif app.options.on_exit != "ask":
        app.leave(app.options.on_exit)
    else:
        app.push_screen(
            QuitSheet(count, app.desk.account, app.keymap),
            lambda policy: app.leave(policy) if policy else None,
        )


OPERATIONS: dict[str, Operation] = {
    "kill.halt": press_kill,
    "kill.cancel-all": kill_now,
    "kill.flatten": flatten,
    "trading.release": release,
    "limit.change": change_limit,
    "setting.change": change_setting,
    "arm.toggle": toggle_arm,
    "ticket.arm": toggle_arm,
    "arm.disarm": disarm,
    "order.buy": lambda app: trading.open_ticket(app, Side.BUY),
    "order.sell": lambda app: trading.open_ticket(app, Side.SELL),
    "order.cancel": trading.cancel,
    "cancel.choose": trading.choose_cancels,
    "order.modify": trading.modify,
    "pos.close-selected": trading.close_position,
    "reconcile.now": trading.reconcile,
    "drift.adopt": partial(trading.settle_drift, DriftAction.ADOPT),
    "drift.flatten": partial(trading.settle_drift, DriftAction.FLATTEN),
    "drift.ignore": partial(trading.settle_drift, DriftAction.IGNORE),
    "view.filter": lambda app: app.main.open_filter(),
    "view.detail": detail,
    "view.find": find_order,
    "view.sort": lambda app: app.main.blotter.cycle_sort(),
    "view.sort-direction": lambda app: app.main.blotter.reverse_sort(),
    "view.pause": lambda app: app.main.blotter.toggle_pause(),
    "view.follow": lambda app: app.main.blotter.toggle_follow(),
    "view.copy": copy_row,
    "view.export": export,
    "ladder.recentre": lambda app: app.main.ladder.recentre(),
    "ladder.next-symbol": lambda app: app.session.step_symbol(1),
    "ladder.previous-symbol": lambda app: app.session.step_symbol(-1),
    "replay.pause": pause_replay,
    "panel.next": lambda app: app.main.step(1),
    "panel.previous": lambda app: app.main.step(-1),
    "panel.zoom": lambda app: app.main.zoom(),
    "help.show": show_help,
    "palette.show": lambda app: app.action_command_palette(),
    "app.quit": leave,
    "app.quit-anywhere": leave,
    **{f"panel.{n}": partial(activate, panel) for n, panel in enumerate(PANELS, start=1)},
}
"""Every action that no sheet keeps for itself."""

"""The one table of what an operator can do: keys, footer, help, palette and keymap all read it.

An action is named by its id everywhere (keymap files, help, handlers). Its keys may be changed by
the user, its meaning may not. `scope` says which screen its keys live in; `Guard` says what must
hold before its key is believed.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Guard(StrEnum):
    """What stands between a key and its action."""

    NONE = "none"
    """Looks, never trades: always obeyed."""
    ORDER = "order"
    """Leads to an order or a cancel: stale, repeated and pasted keys are dropped."""
    ROW = "row"
    """As ORDER, and acts on the row under the cursor, which must stand still."""
    KILL = "kill"
    """Only ever stops trading: exempt from every guard, alive on every screen."""


class Scope(StrEnum):
    """Where an action's keys are alive."""

    EVERYWHERE = "everywhere"
    MAIN = "main"
    TICKET = "ticket"
    CHOOSER = "chooser"
    QUIT = "quit"


class Action(msgspec.Struct, frozen=True):
    """One row of the table. `footer` ranks it in the footer, lowest first; 0 keeps it out."""

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: str
    guard: Guard = Guard.NONE
    scope: Scope = Scope.MAIN
    footer: int = 0
    palette: bool = True

    @property
    def trades(self) -> bool:
        """True when it may lead to an order or a cancel, so a read-only console hides it."""
        return self.guard in (Guard.ORDER, Guard.ROW)


_ORDER, _ROW, _KILL = Guard.ORDER, Guard.ROW, Guard.KILL
_EVERYWHERE, _TICKET, _CHOOSER, _QUIT = Scope.EVERYWHERE, Scope.TICKET, Scope.CHOOSER, Scope.QUIT

TABLE: tuple[Action, ...] = (
    # Stop
    Action("kill.halt", ("f12", "ctrl+backslash"), "KILL",
           "First press: no new orders from this instant. Second within 3 s: cancel all orders "
           "but reduce-only protection. Later presses send the cancels again.",
           "Stop", _KILL, _EVERYWHERE, footer=1),
    Action("kill.cancel-all", (), "Kill now: halt and cancel all",
           "Both stages of the kill key at once.", "Stop", _KILL),
    Action("kill.flatten", ("f24", "shift+f12"), "Flatten…",
           "After a halt: close every position at market. Asks for FLATTEN and the account name.",
           "Stop", _KILL, _EVERYWHERE),
    Action("trading.release", (), "Resume trading…",
           "Leave HALTED. Asks for the account name and a reason.", "Stop", _ORDER),
    Action("limit.change", (), "Change a limit…",
           "Tighter at once, looser after a while; also withdraws what waits.", "Stop", _ORDER),
    Action("setting.change", (), "Leverage and position mode…",
           "Ask the venue for another leverage of a market, or another position mode.",
           "Stop", _ORDER),
    # Trade
    Action("arm.toggle", ("f8",), "arm",
           "SAFE or ARMED. Armed for 5 minutes, Enter in the ticket sends without a review.",
           "Trade", _ORDER, footer=2),
    Action("arm.disarm", ("escape",), "disarm", "Back to SAFE; also leaves a question or a filter.",
           "Trade", palette=False),
    Action("order.buy", ("b",), "buy", "Open a buy ticket for the row's or the ladder's symbol.",
           "Trade", _ORDER, footer=3),
    Action("order.sell", ("s",), "sell", "Open a sell ticket for the row's or the ladder's symbol.",
           "Trade", _ORDER, footer=4),
    Action("order.cancel", ("c", "d"), "cancel",
           "Cancel the order under the cursor. SAFE asks y/N on its row.",
           "Trade", _ROW, footer=5),
    Action("cancel.choose", ("C",), "cancel…",
           "Cancel many: buys, sells, a symbol, the filter, all.", "Trade", _ORDER, footer=6),
    Action("order.modify", ("m",), "modify",
           "Change price or quantity of the order under the cursor.", "Trade", _ROW, footer=7),
    Action("pos.close-selected", ("X",), "close position",
           "Open a reduce-only ticket sized to the position.", "Trade", _ORDER),
    Action("reconcile.now", ("r",), "reconcile", "Compare orders and positions with the venue now.",
           "Trade"),
    # Drift
    Action("drift.adopt", ("A",), "adopt drift…",
           "Believe the venue about the symbol in panel 5: an adjustment makes the ledger equal.",
           "Drift", _ORDER),
    Action("drift.flatten", ("F",), "flatten drift…",
           "Believe the venue, and close what it holds beyond the ledger, reduce-only.",
           "Drift", _ORDER),
    Action("drift.ignore", ("I",), "ignore drift…",
           "Live with the difference in panel 5 for some minutes, or until it changes.",
           "Drift", _ORDER),
    # Ticket
    Action("ticket.review", ("enter",), "review / send",
           "SAFE: first Enter shows the order, a second one sends it. ARMED: Enter sends.",
           "Ticket", _ORDER, _TICKET, palette=False),
    Action("ticket.arm", ("f8",), "arm", "SAFE or ARMED, without leaving the ticket.",
           "Ticket", _ORDER, _TICKET, palette=False),
    Action("ticket.more", ("f7",), "stops",
           "Show the fields for a trigger, a take-profit, a stop-loss and slippage, or hide them.",
           "Ticket", scope=_TICKET, palette=False),
    *(
        Action(f"size.preset-{n}", (f"f{n + 1}",), f"size {n}",
               f"Put size preset {n} into the quantity.", "Ticket", scope=_TICKET, palette=False)
        for n in range(1, 6)
    ),
    Action("size.up", ("up",), "size +", "One step more in the quantity, or one tick in the price.",
           "Ticket", scope=_TICKET, palette=False),
    Action("size.down", ("down",), "size −", "One step less.",
           "Ticket", scope=_TICKET, palette=False),
    # Cancel chooser and quit
    Action("cancel.buys", ("b",), "buys", "Cancel all buy orders.",
           "Cancel many", _ORDER, _CHOOSER, palette=False),
    Action("cancel.sells", ("s",), "sells", "Cancel all sell orders.",
           "Cancel many", _ORDER, _CHOOSER, palette=False),
    Action("cancel.symbol", ("y",), "symbol", "Cancel all orders of the symbol.",
           "Cancel many", _ORDER, _CHOOSER, palette=False),
    Action("cancel.filter", ("f",), "filter", "Cancel the open orders that the filter shows.",
           "Cancel many", _ORDER, _CHOOSER, palette=False),
    Action("cancel.all", ("a",), "all", "Cancel every open order.",
           "Cancel many", _ORDER, _CHOOSER, palette=False),
    Action("quit.keep", ("k",), "keep", "Leave with the orders as they are.",
           "Quit", scope=_QUIT, palette=False),
    Action("quit.cancel", ("c",), "cancel", "Cancel the open orders, then leave.",
           "Quit", scope=_QUIT, palette=False),
    # View
    Action("view.filter", ("slash",), "filter", "Show only the orders that match a text.",
           "View", footer=8),
    Action("view.detail", ("enter",), "detail", "The whole story of the order under the cursor.",
           "View", footer=9),
    Action("view.find", (), "Open an order…",
           "The whole story of an order by its id, also of one that only the journal has.", "View"),
    Action("view.sort", ("o",), "sort", "Sort by the next column.", "View"),
    Action("view.sort-direction", ("O",), "sort direction", "Turn the sort order round.", "View"),
    Action("view.pause", ("p",), "pause view", "Hold the order of the rows; the engine goes on.",
           "View"),
    Action("view.follow", ("f",), "follow", "Keep the newest row in sight.", "View"),
    Action("view.copy", ("y",), "copy", "Copy the row under the cursor.", "View"),
    Action("view.export", ("e",), "export", "Write the rows the filter shows as CSV and JSON.",
           "View"),
    Action("ladder.recentre", ("space",), "recentre", "Put the ladder's spread in the middle.",
           "View"),
    Action("ladder.next-symbol", ("right_square_bracket",), "next market",
           "Show the next market in the ladder.", "View"),
    Action("ladder.previous-symbol", ("left_square_bracket",), "previous market",
           "Show the market before in the ladder.", "View"),
    Action("replay.pause", ("P",), "pause replay", "Stop or continue the recorded market.", "View"),
    # Panels
    *(
        Action(f"panel.{n}", (str(n),), name, f"Go to {name.lower()}.", "Panels")
        for n, name in enumerate(
            ("Blotter", "Positions", "Ladder", "Latency", "Reconciliation", "Events"), start=1
        )
    ),
    Action("panel.next", ("tab",), "next panel", "Go to the next panel.", "Panels", palette=False),
    Action("panel.previous", ("shift+tab",), "previous panel", "Go to the panel before.",
           "Panels", palette=False),
    Action("panel.zoom", ("z",), "zoom", "One panel on the whole screen, and back.",
           "Panels", footer=10),
    # Program
    Action("help.show", ("question_mark", "f1"), "help", "This help.", "Program", footer=11),
    Action("palette.show", ("ctrl+p",), "palette", "Find any action by name.",
           "Program", scope=_EVERYWHERE, footer=12, palette=False),
    Action("app.quit", ("q",), "quit", "Leave; with open orders, asks what becomes of them.",
           "Program"),
    Action("app.quit-anywhere", ("ctrl+q",), "quit", "Leave, from any screen.",
           "Program", scope=_EVERYWHERE, palette=False),
)  # fmt: skip

ACTIONS: dict[str, Action] = {action.id: action for action in TABLE}

_KEY_NAMES = {
    "escape": "Esc", "enter": "Enter", "space": "Space", "tab": "Tab", "up": "↑", "down": "↓",
    "question_mark": "?", "slash": "/", "backslash": "\\", "f24": "Shift+F12",
    "left_square_bracket": "[", "right_square_bracket": "]",
}  # fmt: skip


def key_text(key: str) -> str:
    """How a key is written for people: `ctrl+p` is `^p`, `f12` is `F12`."""
    modifier, _, name = key.rpartition("+")
    if name in _KEY_NAMES:
        name = _KEY_NAMES[name]
    elif len(name) > 1:
        name = name.capitalize()
    if modifier == "ctrl":
        return f"^{name}"
    return f"{modifier.capitalize()}+{name}" if modifier else name

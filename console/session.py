"""One operator's session on one engine: everything between the link and the screen but drawing."""

from __future__ import annotations

import os
from typing import Protocol

import msgspec

from console import sizes
from console.arming import Arming, ArmState, Health
from console.desk import Desk
from console.feedback import Notice, notices
from console.frame import Frame, build_frame
from console.glyphs import ASCII, UNICODE
from console.halt import HaltView, halt_view
from console.ids import Ids, create_ids
from console.keymap import Keymap
from console.link import EngineLink
from console.options import Options
from console.pace import Pace
from console.replica import Changes, Replica, ReplicaGap
from console.ui_state import UiState

TTY_SLOW_S = 1.0


class Clock(Protocol):
    """The console's own clock, by which it judges how old the engine's word is."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds; never goes back."""
        ...


class Sight(msgspec.Struct, frozen=True):
    """What only the screen knows, as of one tick. `closed_s`: how long the terminal has lagged."""

    closed_s: float = 0.0
    too_small: bool = False
    focused: bool = True


class Turn(msgspec.Struct, frozen=True):
    """What one tick came to: news for the operator, and a frame where something changed."""

    notices: list[Notice]
    changes: Changes
    frame: Frame | None
    halt: HaltView | None


class Session:
    """Folds what the link delivers, keeps the arming honest, and makes frames of it.

    A session outlives the screen: after a crash of the screen the next one goes on with it.
    """

    def __init__(
        self,
        link: EngineLink,
        clock: Clock,
        options: Options,
        keymap: Keymap,
        *,
        ids: Ids | None = None,
    ) -> None:
        self.link = link
        self.clock = clock
        self.options = options
        self.keymap = keymap
        self.replica = Replica()
        self.arming = Arming(read_only=options.read_only)
        self.pace = Pace()
        self.desk = Desk(
            link,
            self.replica,
            ids or create_ids(clock.now_ns(), os.getpid()),
            read_only=options.read_only,
            by=options.by,
        )
        self.ui = UiState(
            arm_key=keymap.text("arm.toggle"), glyphs=ASCII if options.ascii else UNICODE
        )
        self.sight = Sight()
        self.failure = ""
        """Why the engine ended by itself; whoever owns the engine sets it."""
        self._failure_told = ""
        self._port_told: int | None = None
        self.ticked_s = 0.0
        """When the last tick ran (monotonic), for whoever watches from outside."""
        self._lag_s = 0.0
        self._changes = Changes(reset=True)
        self._pulse: tuple[object, ...] = ()

    def redraw(self) -> None:
        """Have the next turn draw everything: a new screen has nothing yet."""
        self._changes.reset = True

    def turn(self, now_s: float, sight: Sight) -> Turn:
        """Take in what the link has; make a frame if anything on screen would differ.

        `now_s` is monotonic. While the terminal lags, everything is folded and nothing is drawn.
        """
        now_ns = self.clock.now_ns()
        if self.ticked_s:
            self._lag_s = max(0.0, now_s - self.ticked_s - 1 / self.options.hz)
        self.ticked_s, self.sight = now_s, sight
        news = self._fold(now_ns)
        if self.failure != self._failure_told:
            self._failure_told = self.failure
            news.append(Notice(f"the engine stopped by itself: {self.failure}"))
        status = self.replica.status
        if status is not None and status.metrics_port != self._port_told:
            self._port_told = status.metrics_port
            news.append(Notice(f"metrics on http://127.0.0.1:{self._port_told}/metrics", bad=False))
        reason = self.arming.check(now_ns, self._health(now_ns))
        if reason is not None:
            news.append(Notice(f"SAFE: {reason}", bad=False))
        self._describe(now_ns)
        ui = self.ui
        silent_s = int(self.replica.stale_s(now_ns))
        pulse = (ui.arm, ui.arm_left_s, ui.tty_slow, ui.symbol, ui.size, silent_s)
        if sight.closed_s or (not self._changes and pulse == self._pulse):
            return Turn(news, Changes(), None, None)
        self._pulse = pulse
        changes, self._changes = self._changes, Changes()
        halt = self._halt()
        return Turn(news, changes, build_frame(self.replica, changes, ui, now_ns), halt)

    def drawn(self, started_s: float, ended_s: float) -> None:
        """Record how long the frame of the last turn took to draw (monotonic times)."""
        self.pace.note(started_s, ended_s - started_s, self._lag_s)

    def _halt(self) -> HaltView | None:
        kill_key, replica = self.keymap.text("kill.halt"), self.replica
        return halt_view(replica.state, self.desk.account, kill_key, replica.status)

    def _fold(self, now_ns: int) -> list[Notice]:
        update = self.link.poll()
        if not update:
            return []
        try:
            changes = self.replica.apply(update, now_ns)
        except ReplicaGap as gap:
            return [Notice(f"{gap}; waiting for a snapshot")]
        waiting = self._changes
        waiting.orders |= changes.orders
        waiting.gone |= changes.gone
        waiting.reset |= changes.reset
        waiting.market |= changes.market
        waiting.status |= changes.status
        waiting.events += changes.events
        if not self.desk.halted:
            self.desk.kill_key.released(self.ticked_s)
        return notices(update.events, self.desk.sent)

    def _describe(self, now_ns: int) -> None:
        ui = self.ui
        state = self.arm_state()
        # The banner has its own word for a halt.
        ui.arm = str(ArmState.SAFE if state is ArmState.HALTED else state)
        ui.arm_left_s = self.arming.left_s(now_ns) if state is ArmState.ARMED else 0
        ui.tty_slow = self.sight.closed_s > TTY_SLOW_S
        ui.frame_ms, ui.loop_lag_ms = self.pace.frame_ms, self.pace.lag_ms
        symbols = self.symbols()
        if symbols and ui.symbol not in symbols:
            self.show_symbol(symbols[0])
        if not ui.size:
            market = self.desk.market(ui.symbol)
            if market.instrument is not None and market.quote is not None:
                ui.size = f"{sizes.presets(market.instrument, market.quote)[0]:f}"

    # Arming.

    def arm_state(self) -> ArmState:
        """What this console may do now."""
        return self.arming.state(self.clock.now_ns(), halted=self.desk.halted)

    def arm(self) -> str | None:
        """Grant five minutes. Returns why not, or None when armed."""
        now_ns = self.clock.now_ns()
        return self.arming.arm(now_ns, self._health(now_ns))

    def _health(self, now_ns: int) -> Health:
        status, state, sight = self.replica.status, self.replica.state, self.sight
        up = status is not None and status.private_up and status.public_up
        return Health(
            account=self.desk.account,
            halted=self.desk.halted,
            link_up=up and not self.replica.stale_s(now_ns),
            drift=len(state.reconciled.drift) if state.reconciled else 0,
            tty_closed_s=sight.closed_s,
            loop_lag_s=self._lag_s,
            too_small=sight.too_small,
            focused=sight.focused,
        )

    # Markets.

    def symbols(self) -> list[str]:
        """The account's markets, in the venue's order: perpetuals before spot.

        Those that it names; where it names none, every one that the engine knows.
        """
        known = self.replica.state.instruments
        return [symbol for symbol in known if self.desk.trades(symbol)]

    def show_symbol(self, symbol: str) -> None:
        """Put a market into the ladder, and have its book sent."""
        if symbol != self.ui.symbol:
            self.ui.symbol, self.ui.size = symbol, ""
            self.link.watch(frozenset({symbol}))

    def step_symbol(self, step: int) -> None:
        """The next market, or the one before."""
        symbols = self.symbols()
        if symbols:
            here = symbols.index(self.ui.symbol) if self.ui.symbol in symbols else 0
            self.show_symbol(symbols[(here + step) % len(symbols)])

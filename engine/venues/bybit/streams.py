"""Keeps one WebSocket open: log in, subscribe, ping, notice silence, reconnect with backoff."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Protocol

from engine.clock import NS, Clock, Timer, wait_for
from engine.venues.bybit.rows import Control
from engine.venues.errors import VenueRefused
from engine.venues.protocol import Stream, Transport
from engine.venues.text import sanitise

PING_S = 20.0
SILENT_PINGS = 2  # neither data nor pong for as many periods: the socket is dead
HANDSHAKE_TIMEOUT_S = 5.0
BACKOFF_S = 0.5
MAX_BACKOFF_S = 10.0  # at most sixty attempts in five minutes
SETTLED_S = 60.0  # a link that held this long has earned a quick first retry again

_PING = b'{"op":"ping"}'


class Feed(Protocol):
    """What one socket is for: its path, what to say on it, and who hears what it says."""

    path: str
    owed: list[bytes]

    def login(self) -> bytes | None:
        """The first message, or None where none is needed."""
        ...

    def subscriptions(self) -> list[bytes]:
        """The messages that start the data on a fresh connection."""
        ...

    def receive(self, message: bytes) -> Control | None:
        """Take a message; return it where it is about the connection itself."""
        ...

    def tick(self) -> None:
        """Called with every ping."""
        ...


class _Exchange:
    """What a handshake waits for: `count` good answers to `op`."""

    __slots__ = ("clean", "count", "done", "op")

    def __init__(self, op: str, count: int, clean: Callable[[str], str]) -> None:
        self.op = op
        self.clean = clean
        self.count = count
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def answer(self, control: Control) -> None:
        if control.op != self.op or self.done.done():
            return
        if control.success is False and "already subscribed" not in control.ret_msg:
            text = f"{self.op} refused: {self.clean(control.ret_msg)}"
            self.done.set_exception(VenueRefused(text))
            return
        self.count -= 1
        if not self.count:
            self.done.set_result(None)

    def fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(reason))


class StreamKeeper:
    """Owns one task and one socket. `on_link(up, text)` hears of every change, in order.

    After a reconnect the login always comes before the subscriptions. Reconnects wait 0.5 s,
    doubling to 10 s, each shortened by up to half at random, so that many clients do not
    return in step. A ping leaves every `ping_s` seconds; a connection on which nothing is heard
    for twice as long is given up at that moment. `clean` makes what the venue says fit to be shown.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        rng: random.Random,
        feed: Feed,
        on_link: Callable[[bool, str], None],
        *,
        ping_s: float = PING_S,
        clean: Callable[[str], str] = sanitise,
    ) -> None:
        self._ping_s = ping_s
        self._clean = clean
        self._silence_s = SILENT_PINGS * ping_s
        self._transport = transport
        self._clock = clock
        self._rng = rng
        self._feed = feed
        self._on_link = on_link
        self._stream: Stream | None = None
        self._lost: asyncio.Future[str] | None = None  # of the current connection, with the reason
        self._exchange: _Exchange | None = None
        self._heard_ns = 0
        self._timers: dict[Callable[[], None], Timer] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, required: bool = True) -> None:
        """Connect and keep connected until `close`.

        Raises TimeoutError, ConnectionError or VenueRefused when the first attempt fails, unless
        the stream is not `required`. Later failures, and that one, are reported through `on_link`
        and tried again.
        """
        try:
            lost = await self._open()
        except (TimeoutError, ConnectionError, VenueRefused) as error:
            if required:
                raise
            lost = asyncio.get_running_loop().create_future()
            lost.set_result(self._clean(str(error)))
        self._task = asyncio.create_task(self._keep(lost), name=f"stream {self._feed.path}")
        self._task.add_done_callback(self._ended)

    def send(self, message: bytes) -> None:
        """Put a message on the socket. Raises ConnectionError when there is none to put it on."""
        if self._stream is None:
            raise ConnectionError("the stream is down")
        self._stream.send(message)

    def renew(self, reason: str) -> None:
        """Give the connection up for a fresh one."""
        self._fail(reason)

    async def close(self) -> None:
        """End the task and the socket. Safe to call twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._drop()

    async def _keep(self, lost: asyncio.Future[str]) -> None:
        failures = 0
        while True:
            up_ns = self._clock.now_ns()
            reason = await lost
            self._drop()
            self._on_link(False, reason)
            if self._clock.now_ns() - up_ns >= SETTLED_S * NS:
                failures = 0
            while True:
                await self._clock.sleep(self._backoff_s(failures))
                failures += 1
                try:
                    lost = await self._open()
                    break
                except VenueRefused as error:
                    self._on_link(False, str(error))
                except (TimeoutError, ConnectionError):
                    pass  # still down, as was said

    def _backoff_s(self, failures: int) -> float:
        longest = min(MAX_BACKOFF_S, BACKOFF_S * 2.0 ** min(failures, 16))
        return longest * self._rng.uniform(0.5, 1.0)

    async def _open(self) -> asyncio.Future[str]:
        """Connect, log in and subscribe; the future ends with the reason when it is lost."""
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._lost = lost

        def on_message(message: bytes) -> None:
            if self._lost is lost:
                self._receive(message)

        def on_close(reason: str) -> None:
            if self._lost is lost:
                self._fail(reason or "closed by the venue")

        try:
            opening = self._transport.open_stream(self._feed.path, on_message, on_close)
            self._stream = await wait_for(self._clock, opening, HANDSHAKE_TIMEOUT_S)
            await wait_for(self._clock, self._handshake(), HANDSHAKE_TIMEOUT_S)
        except BaseException:
            self._drop()
            raise
        self._heard_ns = self._clock.now_ns()
        self._schedule_ping()
        self._schedule_listening()
        self._on_link(True, "")
        return lost

    async def _handshake(self) -> None:
        login = self._feed.login()
        if login is not None:
            await self._ask("auth", [login])
        subscriptions = self._feed.subscriptions()
        if subscriptions:
            await self._ask("subscribe", subscriptions)

    async def _ask(self, op: str, messages: list[bytes]) -> None:
        self._exchange = exchange = _Exchange(op, len(messages), self._clean)
        try:
            for message in messages:
                self._send(message)
            await exchange.done
        finally:
            self._exchange = None

    def _receive(self, message: bytes) -> None:
        self._heard_ns = self._clock.now_ns()
        control = self._feed.receive(message)
        if control is not None and self._exchange is not None:
            self._exchange.answer(control)
        if self._feed.owed:
            self._pay()

    def _pay(self) -> None:
        owed, self._feed.owed = self._feed.owed, []
        for message in owed:
            self._send(message)

    def _send(self, message: bytes) -> None:
        if self._stream is not None:
            try:
                self._stream.send(message)
            except ConnectionError as error:
                self._fail(str(error))

    def _fail(self, reason: str) -> None:
        text = self._clean(reason)
        if self._exchange is not None:
            self._exchange.fail(text)
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(text)

    def _call(self, action: Callable[[], None], due_ns: int) -> None:
        self._timers[action] = self._clock.call_at(due_ns, action)

    def _schedule_ping(self) -> None:
        self._call(self._ping, self._clock.now_ns() + round(self._ping_s * NS))

    def _schedule_listening(self) -> None:
        self._call(self._listen, self._heard_ns + round(self._silence_s * NS))

    def _ping(self) -> None:
        self._send(_PING)
        self._feed.tick()
        self._pay()
        self._schedule_ping()

    def _listen(self) -> None:
        if self._clock.now_ns() - self._heard_ns >= self._silence_s * NS:
            self._fail(f"silent for {self._silence_s:g} s")
        else:
            self._schedule_listening()

    def _drop(self) -> None:
        """Forget the socket; nothing it still says is heard."""
        self._lost = None
        while self._timers:
            self._timers.popitem()[1].cancel()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._on_link(False, f"the stream keeper failed: {task.exception()!r}")

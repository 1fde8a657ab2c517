"""Faults of requests and connections."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from engine.exchange.account import Account
from engine.exchange.commands import Answer
from engine.exchange.errors import Refusal
from engine.exchange.faults.dice import Dice
from engine.exchange.faults.plan import ITEM, PING, QUERY, REQUEST, Rule
from engine.exchange.hub import Send
from engine.exchange.limits import Limits
from engine.exchange.player import Clock
from engine.exchange.rest import Reply
from engine.exchange.streams import Session
from engine.exchange.wire import NOTHING, Envelope, encode

MS = 1_000_000
RESET_AFTER_MS = 1000
MESSAGES = {
    10000: "Server Timeout",
    10002: "invalid request, please check your server timestamp or recv_window param.",
    10006: "Too many visits!",
    10016: "Server error.",
    10019: "The server is restarting.",
    170007: "Timeout waiting for response from backend server.",
}
PAGE = b"<html><head><title>%d</title></head><body><h1>%d</h1></body></html>"
HTML = {"Content-Type": "text/html"}
HTTP_ONLY = frozenset({"http_error", "ban"})
STREAM_ONLY = frozenset({"no_req_id"})
R = TypeVar("R")


class Operation(msgspec.Struct):
    """The part of a stream's message that says what it is."""

    op: str = ""


OPERATIONS = msgspec.json.Decoder(Operation)


class Chaos:
    """Stands between what arrives and what answers it."""

    def __init__(
        self,
        dice: Dice,
        clock: Clock,
        flush: Callable[[], None],
        cut: Callable[[], None],
        has_closed: Callable[[], bool],
        forget_closed: Callable[[], None],
    ) -> None:
        """`has_closed` is whether there is a closed order that `forget_closed` would forget."""
        self._dice = dice
        self._clock = clock
        self._flush = flush
        self._cut = cut
        self._has_closed = has_closed
        self._forget_closed = forget_closed
        self._banned_until_ms = 0
        self._down_until_ms = 0
        self._sessions: dict[FaultySession, None] = {}

    # Requests

    def rest(
        self, path: str, call: Callable[[], Reply], answer: Callable[[Reply | None], None]
    ) -> None:
        """Let a REST request happen, or something else."""
        now_ms = self._now_ms()
        if now_ms < self._down_until_ms:
            answer(None)
        elif now_ms < self._banned_until_ms:
            answer(_page(403))
        else:
            rule = self._dice.first(REQUEST, path, partial(self._can, STREAM_ONLY))
            if rule is None:
                answer(call())
            elif rule.kind == "http_error":
                self._execute(rule, call)
                answer(_page(rule.status))
            elif rule.kind == "ban":
                self._banned_until_ms = now_ms + rule.ms
                answer(_page(403))
            else:
                self._strike(rule, call, answer, lambda code: self._refused(code))

    def trade(
        self,
        path: str,
        call: Callable[[], Answer],
        answer: Callable[[Answer | None], None],
        garble: Callable[[], None],
    ) -> None:
        """Let an order of the trade stream happen, or something else; `garble` loses its id."""
        rule = self._dice.first(REQUEST, path, partial(self._can, HTTP_ONLY))
        if rule is None:
            answer(call())
        elif rule.kind == "no_req_id":
            garble()
        else:
            self._strike(rule, call, answer, lambda code: Answer(code, _message(code)))

    def _can(self, others: Container[str], rule: Rule) -> bool:
        """Whether a rule could show on a request, which `others` never do."""
        if rule.kind == "half_open":
            return any(not session.is_dead for session in self._sessions)
        if rule.kind == "realtime_wipe":
            return self._has_closed()
        return rule.kind not in others

    def _strike(
        self,
        rule: Rule,
        call: Callable[[], R],
        answer: Callable[[R | None], None],
        refused: Callable[[int], R],
    ) -> None:
        if rule.kind == "refuse":
            self._execute(rule, call)
            answer(refused(rule.code))
        elif rule.kind == "ack_late":
            late = call()
            self._flush()
            self._later(rule.ms, lambda: answer(late))
        elif rule.kind == "realtime_wipe":
            self._forget_closed()
            answer(call())
        elif rule.kind == "half_open":
            for session in self._sessions:
                session.is_dead = True
            answer(call())
        elif rule.kind == "ack_silent":
            call()
            self._later(rule.ms, lambda: answer(None))
        else:
            self._break(rule, call)
            answer(None)

    def _break(self, rule: Rule, call: Callable[[], object]) -> None:
        """What ends with a connection cut."""
        if rule.kind == "request_lost":
            return
        call()
        if rule.kind == "restart":
            self._down_until_ms = self._now_ms() + rule.ms
            self._forget_closed()
        if rule.kind in ("cut", "restart"):
            self._cut()

    @staticmethod
    def _execute(rule: Rule, call: Callable[[], object]) -> None:
        if rule.executed:
            call()

    def _refused(self, code: int) -> Reply:
        now_ms = self._now_ms()
        headers = {
            "Content-Type": "application/json",
            "X-Bapi-Limit": "10",
            "X-Bapi-Limit-Status": "0",
            "X-Bapi-Limit-Reset-Timestamp": str(now_ms + RESET_AFTER_MS),
        }
        return Reply(200, headers, encode(Envelope(code, _message(code), NOTHING, NOTHING, now_ms)))

    # Connections

    def open(self, open_session: Callable[[Send], Session | None], send: Send) -> Session | None:
        """Open a session that can go dead; None where there is none, or during a restart."""
        if self._now_ms() < self._down_until_ms:
            return None
        faulty = FaultySession(self._dice, send, self._sessions)
        session = open_session(faulty.send)
        if session is None:
            return None
        faulty.session = session
        self._sessions[faulty] = None
        return faulty

    # Lists

    def lag_ms(self, path: str, age_ms: int) -> int:
        """How far behind a list is whose latest row is so old."""
        rule = self._dice.first(QUERY, path, lambda rule: rule.ms > age_ms)
        return 0 if rule is None else rule.ms

    def _later(self, ms: int, action: Callable[[], None]) -> None:
        self._clock.call_at(self._clock.now_ns() + ms * MS, action)

    def _now_ms(self) -> int:
        return self._clock.now_ns() // MS


class FaultySession:
    """A session that may leave a ping unanswered or go dead: open, and silent both ways."""

    session: Session

    def __init__(self, dice: Dice, send: Send, others: dict[FaultySession, None]) -> None:
        self.is_dead = False
        self._dice = dice
        self._send = send
        self._others = others

    def send(self, messages: Sequence[bytes]) -> None:
        """Push to the client."""
        if not self.is_dead:
            self._send(messages)

    def receive(self, message: bytes) -> None:
        """Take a message of the client."""
        if self.is_dead:
            return
        if _is_ping(message) and self._dice.first(PING, "ping") is not None:
            return
        self.session.receive(message)

    def close(self) -> None:
        """The connection has ended."""
        self._others.pop(self, None)
        self.session.close()


class ItemFaults:
    """Limits that also refuse items of batches."""

    def __init__(self, limits: Limits, dice: Dice) -> None:
        self._limits = limits
        self._dice = dice

    def check_ip(self) -> None:
        """As without faults."""
        self._limits.check_ip()

    def take(self, account: Account, path: str, category: str) -> None:
        """Count one request, or one order of a batch. Raises `Refusal`."""
        if path.endswith("-batch") and (rule := self._dice.first(ITEM, path)) is not None:
            raise Refusal(rule.code, _message(rule.code))
        self._limits.take(account, path, category)

    def headers(self, account: Account) -> Mapping[str, str]:
        """As without faults."""
        return self._limits.headers(account)


def _is_ping(message: bytes) -> bool:
    if b'"ping"' not in message:
        return False
    try:
        return OPERATIONS.decode(message).op == "ping"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _page(status: int) -> Reply:
    return Reply(status, HTML, PAGE % (status, status))


def _message(code: int) -> str:
    return MESSAGES.get(code, "simulated refusal")

"""Subscriptions: market frames to whoever listens to a topic, an account's rows to its sessions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from engine.exchange.account import Account
from engine.exchange.rows import Row
from engine.exchange.sources.frames import BOOK_TOPIC, TICKER_TOPIC, TRADE_TOPIC
from engine.exchange.wire import ExecutionRow, FastExecutionRow, FastPush, Push, encode

Send = Callable[[Sequence[bytes]], None]
"""Takes messages for a client, in order."""
PublicTopic = tuple[str, str]
"""Category and topic."""

RECORDED = (BOOK_TOPIC, TRADE_TOPIC, TICKER_TOPIC)
# The topic beside which one for the impatient exists, and its name.
FAST_TOPICS = {
    f"execution{suffix}": f"execution.fast{suffix}" for suffix in ("", ".linear", ".spot")
}

_topic_of = attrgetter("kind", "category")


class Outlet(Protocol):
    """Where messages for one client go; they arrive in order."""

    @property
    def send(self) -> Send: ...


class Subscriber(Outlet, Protocol):
    """A private session: where its messages go and what it wants to hear."""

    @property
    def topics(self) -> set[str]: ...


class Hub:
    """Who listens to what; hands frames and rows on."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self.derived = 0  # how many listen to what is not in the market's own frames
        self._public: dict[PublicTopic, dict[Outlet, None]] = {}
        self._private: dict[str, dict[Subscriber, None]] = {}

    def listen(self, topic: PublicTopic, outlet: Outlet) -> None:
        """Send every frame of a topic from now on."""
        self.derived += not topic[1].startswith(RECORDED)
        self._public.setdefault(topic, {})[outlet] = None

    def unlisten(self, topic: PublicTopic, outlet: Outlet) -> None:
        """Send no more frames of a topic."""
        self.derived -= not topic[1].startswith(RECORDED)
        del self._public[topic][outlet]

    def is_heard(self, topic: PublicTopic) -> bool:
        """True while anybody listens to a topic."""
        return bool(self._public.get(topic))

    def publish(self, topic: PublicTopic, message: bytes) -> None:
        """Pass a market frame on, as it is."""
        listeners = self._public.get(topic)
        if listeners:
            messages = (message,)
            for outlet in list(listeners):
                outlet.send(messages)

    def join(self, stream: Subscriber, account: Account) -> None:
        """Push the account's rows from now on, those of the stream's topics."""
        self._private.setdefault(account.api_key, {})[stream] = None

    def leave(self, stream: Subscriber, account: Account) -> None:
        """Push no more rows."""
        del self._private[account.api_key][stream]
        self.note_topics(account)

    def note_topics(self, account: Account) -> None:
        """Tell an account what its streams listen to, so that nobody writes rows in vain."""
        streams = self._private[account.api_key]
        account.topics = {topic for stream in streams for topic in stream.topics}

    def push(self, account: Account, rows: Sequence[Row]) -> None:
        """Send rows to the account's sessions, in order, neighbours of one kind in one message."""
        now_ns = self._now_ns()
        now_ms, heard = now_ns // 1_000_000, account.topics
        messages: list[tuple[str, bytes]] = []
        for (kind, category), group in groupby(rows, key=_topic_of):
            members = list(group)
            data = [member.row for member in members]
            for topic, fast in _topics(kind, category):
                if topic in heard:
                    message_id = f"{account.uid}_{members[0].symbol}_{now_ns}"
                    push = Push(message_id, topic, now_ms, data)
                    messages.append((topic, encode(push)))
                if fast in heard:
                    short = [_fast_row(row) for row in data if isinstance(row, ExecutionRow)]
                    messages.append((fast, encode(FastPush(fast, now_ms, short))))
        for stream in self._private.get(account.api_key, ()):
            wanted = [message for topic, message in messages if topic in stream.topics]
            if wanted:
                stream.send(wanted)


def is_heard(account: Account, row: Row) -> bool:
    """True where a stream of the account listens to a topic that tells of the row."""
    heard = account.topics
    return any(topic in heard or fast in heard for topic, fast in _topics(row.kind, row.category))


@cache
def _topics(kind: str, category: str) -> list[tuple[str, str]]:
    """The topics that tell of a row: everything of its kind, and of its category alone.

    Each comes with the one for the impatient, empty where there is none.
    """
    topics = (kind, f"{kind}.{category}")
    return [(topic, FAST_TOPICS.get(topic, "")) for topic in topics]


def _fast_row(row: ExecutionRow) -> FastExecutionRow:
    return FastExecutionRow(
        category=row.category,
        symbol=row.symbol,
        execId=row.execId,
        execPrice=row.execPrice,
        execQty=row.execQty,
        orderId=row.orderId,
        isMaker=row.isMaker,
        orderLinkId="" if row.isMaker else row.orderLinkId,
        side=row.side,
        execTime=row.execTime,
        seq=row.seq,
    )

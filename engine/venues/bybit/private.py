"""The private stream of Bybit v5: our orders, executions and positions as they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from engine.core.reports import InputLost, Report
from engine.venues.bybit.codec import PRIVATE_TOPICS, Codec
from engine.venues.bybit.quarantine import Quarantine
from engine.venues.bybit.rows import Control

LOGIN_VALID_MS = 10_000


class PrivateFeed:
    """Logs in with `login_message(expires_ms)` and hands every report to `on_report`."""

    path = "/v5/private"

    def __init__(
        self,
        codec: Codec,
        quarantine: Quarantine,
        on_report: Callable[[Report], None],
        login_message: Callable[[int], bytes],
        timestamp_ms: Callable[[], int],
        dcp_topics: Sequence[str] = (),
    ) -> None:
        self.owed: list[bytes] = []
        self._codec = codec
        self._quarantine = quarantine
        self._on_report = on_report
        self._login_message = login_message
        self._timestamp_ms = timestamp_ms
        self._dcp_topics = tuple(dcp_topics)

    def login(self) -> bytes:
        """The auth message, valid for ten seconds of the venue's clock."""
        return self._login_message(self._timestamp_ms() + LOGIN_VALID_MS)

    def subscriptions(self) -> list[bytes]:
        """One message for every private topic, and one for disconnect-cancel-all.

        Nothing is ever said on a topic of the latter: that it is listened to keeps orders alive.
        """
        asked = (PRIVATE_TOPICS, self._dcp_topics)
        return [msgspec.json.encode({"op": "subscribe", "args": args}) for args in asked if args]

    def receive(self, message: bytes) -> Control | None:
        """Hand the message's reports on; return it where it is about the connection.

        What is neither may have been about an order.
        """
        reports = self._codec.private(message)
        if reports is None:
            control = self._codec.control(message)
            if control is None:
                self._quarantine.note("private_message", message)
                self._on_report(InputLost(text="an unreadable message"))
            return control
        for report in reports:
            self._on_report(report)
        return None

    def tick(self) -> None:
        """Nothing on this stream needs asking for again."""

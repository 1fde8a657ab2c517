"""One HTTP connection of a client, byte by byte."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from engine.exchange import http
from engine.exchange.http import HttpConnection
from engine.exchange.rest import Reply
from tests.support.lines import FakeTransport

Answer = Callable[[Reply | None], None]
POST = b"POST /v5/order/create HTTP/1.1\r\nX-Bapi-Sign: s\r\nContent-Length: 2\r\n\r\n{}"
OK = Reply(200, {"X-Bapi-Limit": "10"}, b"[]")
WRITTEN = b"HTTP/1.1 200 OK\r\nX-Bapi-Limit: 10\r\nContent-Length: 2\r\n\r\n[]"


class Desk:
    """A connection, and what was asked on it: the answers are given by hand."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, bytes, Mapping[str, str]]] = []
        self.answers: list[Answer] = []
        self.upgraded: list[tuple[bytes, bytes]] = []
        self.forgotten = 0
        self.line = FakeTransport()
        self.connection = HttpConnection(self, self._upgrade, self._forget)
        self.connection.connection_made(self.line)

    def request(
        self,
        method: str,
        path: str,
        query: str,
        body: bytes,
        headers: Mapping[str, str],
        answer: Answer,
        *,
        at_once: bool,
    ) -> None:
        assert at_once
        self.asked.append((method, path, query, body, headers))
        self.answers.append(answer)

    def hear(self, *parts: bytes) -> None:
        for part in parts:
            self.connection.data_received(part)

    def take(self) -> bytes:
        """What has been written since the last call."""
        written, self.line.written = self.line.written, b""
        return written

    def _upgrade(self, _transport: asyncio.Transport, head: bytes, rest: bytes) -> None:
        self.upgraded.append((head, rest))

    def _forget(self, _connection: HttpConnection) -> None:
        self.forgotten += 1


def test_a_request_is_the_same_however_it_is_cut_into_pieces() -> None:
    whole, cut = Desk(), Desk()
    whole.hear(POST)
    cut.hear(*(POST[place : place + 1] for place in range(len(POST))))
    headers = {"X-BAPI-SIGN": "s", "CONTENT-LENGTH": "2"}
    assert whole.asked == cut.asked == [("POST", "/v5/order/create", "", b"{}", headers)]


def test_a_target_goes_on_as_it_came() -> None:
    desk = Desk()
    desk.hear(b"GET /v5/order/history?cursor=a%3D1?&b=%zz HTTP/1.1\r\n\r\n")
    assert desk.asked == [("GET", "/v5/order/history", "cursor=a%3D1?&b=%zz", b"", {})]


def test_requests_are_answered_one_by_one_in_their_order() -> None:
    desk = Desk()
    desk.hear(POST + POST.replace(b"create", b"cancel"))
    assert [asked[1] for asked in desk.asked] == ["/v5/order/create"]
    desk.answers[0](OK)
    assert desk.take() == WRITTEN
    assert [asked[1] for asked in desk.asked] == ["/v5/order/create", "/v5/order/cancel"]
    desk.answers[0](OK)  # a second answer is none
    assert desk.take() == b""
    desk.answers[1](OK)
    assert desk.take() == WRITTEN
    assert not desk.line.is_closed


def test_who_asks_far_ahead_is_read_no_further_until_answers_have_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "MOST_UNANSWERED", 2)
    desk = Desk()
    desk.hear(POST, POST)
    assert desk.line.is_paused
    desk.answers[0](OK)
    assert not desk.line.is_paused


def test_a_body_is_called_for_where_a_client_waits_for_that() -> None:
    desk = Desk()
    head, body = POST[:-2].replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"), POST[-2:]
    desk.hear(head)
    assert desk.take() == b"HTTP/1.1 100 Continue\r\n\r\n"
    desk.hear(body)
    assert [asked[3] for asked in desk.asked] == [b"{}"]


def test_no_answer_loses_the_connection() -> None:
    desk = Desk()
    desk.hear(POST)
    desk.answers[0](None)
    assert (desk.take(), desk.line.is_aborted) == (b"", True)


def test_an_answer_to_nobody_is_dropped() -> None:
    desk = Desk()
    desk.hear(POST)
    desk.connection.connection_lost(None)
    desk.answers[0](OK)
    assert (desk.take(), desk.forgotten) == (b"", 1)


def test_the_connection_closes_where_the_client_wants_it() -> None:
    desk = Desk()
    desk.hear(POST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    desk.answers[0](Reply(404, {}, b""))
    expected = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert (desk.take(), desk.line.is_closed) == (expected, True)


def test_it_ends_when_what_was_asked_is_answered() -> None:
    idle, busy = Desk(), Desk()
    busy.hear(POST)
    for desk in (idle, busy):
        desk.connection.end()
    assert (idle.line.is_closed, busy.line.is_closed) == (True, False)
    busy.answers[0](OK)
    assert (b"Connection: close" in busy.take(), busy.line.is_closed) == (True, True)


def test_a_cut_loses_it_at_once() -> None:
    desk = Desk()
    desk.hear(POST)
    desk.connection.cut()
    assert desk.line.is_aborted


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"no HTTP at all\r\n\r\n", b"400"), (POST, b"413")],
)
def test_what_cannot_be_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, sent: bytes, status: bytes
) -> None:
    monkeypatch.setattr(http, "LARGEST_REQUEST", len(POST) - 1)
    desk = Desk()
    desk.hear(sent)
    # What such a status is called depends on the version of Python.
    assert desk.take().split(b" ")[:2] == [b"HTTP/1.1", status]
    assert (desk.asked, desk.line.is_closed) == ([], True)


def test_another_protocol_takes_the_connection_over_with_what_follows() -> None:
    desk = Desk()
    head = b"GET /v5/private?a=1 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    desk.hear(head + b"\x81\x00")
    shown = b"GET /v5/private?a=1 HTTP/1.1\r\nUPGRADE: websocket\r\nCONNECTION: Upgrade\r\n\r\n"
    assert desk.upgraded == [(shown, b"\x81\x00")]
    assert (desk.asked, desk.forgotten) == ([], 1)

"""What a reply to a batch proves of each request, and what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.venues.bybit.batch_reply import (
    MISPLACED,
    Named,
    build_reply,
    judge,
    read_reply,
)
from engine.venues.bybit.codec import UNREADABLE
from engine.venues.bybit.retcodes import Channel, Verdict
from engine.venues.reasons import Reason

A, B, C = Named("a"), Named("b"), Named("c")
ACCEPTED, REJECTED, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.UNKNOWN
OK = (0, "OK")


def ids(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    """result.list of (orderId, orderLinkId)."""
    return [{"orderId": order_id, "orderLinkId": link_id} for order_id, link_id in pairs]


def reply(
    rows: list[dict[str, str]] | None, *codes: tuple[int, str], code: int = 0, message: str = "OK"
) -> bytes:
    body: dict[str, Any] = {"retCode": code, "retMsg": message, "time": 1_700_000_000_000}
    body["result"] = {} if rows is None else {"list": rows}
    body["retExtInfo"] = {"list": [{"code": number, "msg": text} for number, text in codes]}
    return json.dumps(body).encode()


def verdicts(body: bytes, *named: Named, channel: Channel = Channel.REST) -> list[Verdict]:
    return [answer.ruling.verdict for answer in judge(read_reply(body), named, channel)]


def test_each_request_has_the_answer_at_its_place() -> None:
    body = reply(
        ids(("1", "a"), ("", "b"), ("", "c")),
        OK,
        (110007, "not enough"),
        (10006, "Too many visits!"),
    )
    first, second, third = judge(read_reply(body), (A, B, C), Channel.REST)
    assert (first.ruling.verdict, first.order_id, first.text) == (ACCEPTED, "1", "")
    assert first.ts == 1_700_000_000_000_000_000
    assert second.ruling == (REJECTED, Reason.BALANCE)
    assert (second.order_id, second.text) == ("", "110007 not enough")
    assert third.ruling.verdict is Verdict.RATE


def test_a_failed_request_that_names_nobody_is_known_by_its_place() -> None:
    body = reply(ids(("", ""), ("2", "b")), (10001, "qty err"), OK)
    assert verdicts(body, A, B) == [REJECTED, ACCEPTED]


def test_an_amend_that_changes_nothing_is_accepted_in_a_batch_too() -> None:
    unchanged = "The order remains unchanged as the parameters entered match the existing ones."
    assert verdicts(reply(ids(("", "a")), (10001, unchanged)), A) == [ACCEPTED]


def test_f13_a_short_reply_answers_only_those_whose_name_it_has_in_their_place() -> None:
    body = reply(ids(("1", "a"), ("", "")), OK, (110007, "not enough"))
    assert verdicts(body, A, B, C) == [ACCEPTED, UNKNOWN, UNKNOWN]


def test_f13_a_name_in_another_place_is_not_believed_and_spoils_those_without_a_name() -> None:
    swapped = reply(ids(("2", "b"), ("1", "a"), ("", "")), OK, OK, (110007, "not enough"))
    assert verdicts(swapped, A, B, C) == [UNKNOWN, UNKNOWN, UNKNOWN]
    shifted = reply(ids(("1", "a"), ("3", "c"), ("", "")), OK, OK, (110007, "not enough"))
    assert verdicts(shifted, A, B, C) == [ACCEPTED, UNKNOWN, UNKNOWN]


def test_f13_lists_of_different_length_answer_nobody() -> None:
    body = reply(ids(("1", "a"), ("2", "b")), OK)
    answers = judge(read_reply(body), (A, B), Channel.REST)
    assert [(answer.ruling.verdict, answer.text) for answer in answers] == [
        (UNKNOWN, MISPLACED)
    ] * 2


@pytest.mark.parametrize("rows", [None, []])
def test_f13_a_reply_without_lists_answers_nobody(rows: list[dict[str, str]] | None) -> None:
    assert verdicts(reply(rows), A, B) == [UNKNOWN, UNKNOWN]


def test_more_answers_than_requests_are_believed_where_they_name_one() -> None:
    body = reply(ids(("1", "a"), ("2", "b"), ("3", "c")), OK, OK, OK)
    assert verdicts(body, A, B) == [ACCEPTED, ACCEPTED]
    body = reply(ids(("1", "a"), ("", ""), ("3", "c")), OK, OK, OK)
    assert verdicts(body, A, B) == [ACCEPTED, UNKNOWN]


def test_a_request_by_the_venues_id_is_checked_by_that_id() -> None:
    named = (Named("", "1"), Named("", "2"))
    assert verdicts(reply(ids(("1", "their-a"), ("2", "")), OK, OK), *named) == [ACCEPTED, ACCEPTED]
    assert verdicts(reply(ids(("9", "their-a"), ("2", "")), OK, OK), *named) == [UNKNOWN, ACCEPTED]


def test_a_venue_id_that_is_no_usable_name_proves_nothing() -> None:
    assert verdicts(reply(ids(("\x1b[2J", "a")), OK), A) == [UNKNOWN]


@pytest.mark.parametrize(
    ("code", "channel", "verdict"),
    [
        (10001, Channel.REST, REJECTED),  # the whole batch failed the venue's validation
        (10016, Channel.REST, UNKNOWN),
        (987654, Channel.REST, UNKNOWN),
        (10002, Channel.REST, Verdict.CLOCK),
        (10019, Channel.TRADE_SOCKET, Verdict.BUSY),
        # A part may have been carried out before the limit was met, unless the gate was shut.
        (10006, Channel.REST, UNKNOWN),
        (10006, Channel.TRADE_SOCKET, UNKNOWN),
        (10403, Channel.TRADE_SOCKET, Verdict.RATE),
        (20003, Channel.TRADE_SOCKET, Verdict.RATE),
        (20006, Channel.TRADE_SOCKET, UNKNOWN),
        (110025, Channel.REST, UNKNOWN),  # success of something that this is not
    ],
)
def test_a_code_for_the_whole_batch_holds_for_every_request(
    code: int, channel: Channel, verdict: Verdict
) -> None:
    assert verdicts(reply(None, code=code), A, B, channel=channel) == [verdict, verdict]


def test_a_refusal_of_the_whole_with_answers_to_some_proves_nothing() -> None:
    assert verdicts(reply(ids(("1", "a")), OK, code=10001), A) == [UNKNOWN]


def test_over_the_trade_stream_the_lists_are_where_the_order_would_be() -> None:
    rows = json.dumps(ids(("1", "a"))).encode()
    extra = json.dumps({"list": [{"code": 0, "msg": "OK"}]}).encode()
    (answer,) = judge(build_reply(0, "OK", rows, extra), (A,), Channel.TRADE_SOCKET)
    assert (answer.ruling.verdict, answer.order_id) == (ACCEPTED, "1")
    empty = build_reply(0, "OK", b"null", b"null")
    assert [a.ruling.verdict for a in judge(empty, (A,), Channel.TRADE_SOCKET)] == [UNKNOWN]


@pytest.mark.parametrize(
    "body",
    [
        b'{"retCode":0,"result":{"list":{}}}',
        b'{"retCode":0,"result":{"list":[]},"retExtInfo":{"list":[{"code":"0"}]}}',
        b'{"retCode":0,"result":{"list":[]},"retExtInfo":{"list":[{"msg":"OK"}]}}',
        b"<html>",
    ],
)
def test_a_reply_of_another_shape_is_unreadable(body: bytes) -> None:
    with pytest.raises(UNREADABLE):
        read_reply(body)

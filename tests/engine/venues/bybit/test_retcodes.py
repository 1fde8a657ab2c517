"""Every return code by class and channel."""

from __future__ import annotations

import pytest

from engine.venues.bybit.retcodes import HTTP_STATUS, TABLE, Channel, Ruling, Verdict, classify
from engine.venues.reasons import Reason


def _rejected(reason: Reason) -> Ruling:
    return Ruling(Verdict.REJECTED, reason)


@pytest.mark.parametrize(
    ("code", "ruling"),
    [
        (0, Ruling(Verdict.ACCEPTED)),
        (110043, Ruling(Verdict.ACCEPTED)),
        (110072, _rejected(Reason.DUPLICATE_ID)),
        (170141, _rejected(Reason.DUPLICATE_ID)),
        (110001, _rejected(Reason.NOT_FOUND)),
        (170213, _rejected(Reason.NOT_FOUND)),
        (110008, _rejected(Reason.ALREADY_CLOSED)),
        (170139, _rejected(Reason.ALREADY_CLOSED)),
        (110079, _rejected(Reason.IN_PROGRESS)),
        (110007, _rejected(Reason.BALANCE)),
        (170131, _rejected(Reason.BALANCE)),
        (110003, _rejected(Reason.PRICE)),
        (110094, _rejected(Reason.SIZE)),
        (110017, _rejected(Reason.SIZE)),
        (110020, _rejected(Reason.LIMITS)),
        (110074, _rejected(Reason.MARKET_STATE)),
        (10004, _rejected(Reason.AUTH)),
        (33004, _rejected(Reason.AUTH)),
        (10001, _rejected(Reason.REQUEST)),
        (110108, _rejected(Reason.REQUEST)),
        (110109, _rejected(Reason.REQUEST)),
        (10006, Ruling(Verdict.RATE)),
        (10403, Ruling(Verdict.RATE)),
        (10002, Ruling(Verdict.CLOCK)),
        (-1, Ruling(Verdict.CLOCK)),
        (10019, Ruling(Verdict.BUSY)),
    ],
)
def test_a_definite_code_has_its_class(code: int, ruling: Ruling) -> None:
    assert classify(code) == ruling


@pytest.mark.parametrize(
    "code",
    [10000, 10016, 170007, 170146, 170147, 170310, 170001, 170032, 170234, 500000, 429, 10429],
)
def test_an_ambiguous_code_proves_nothing(code: int) -> None:
    assert classify(code) == Ruling(Verdict.UNKNOWN)


@pytest.mark.parametrize("code", [1, -7, 424242, 10**9])
def test_a_code_nobody_knows_proves_nothing(code: int) -> None:
    assert code not in TABLE
    assert classify(code) == Ruling(Verdict.UNKNOWN)


def test_the_message_tells_a_harmless_amend_from_a_bad_request() -> None:
    text = "The order remains unchanged as the parameters entered match the existing ones."
    assert classify(10001, text).verdict is Verdict.ACCEPTED
    assert classify(10001, "params error").reason == Reason.REQUEST


def test_the_same_number_means_something_else_on_the_trade_socket() -> None:
    assert classify(10003).reason == Reason.AUTH
    assert classify(10003, channel=Channel.TRADE_SOCKET).reason == Reason.LIMITS
    assert classify(20006, channel=Channel.TRADE_SOCKET).verdict is Verdict.UNKNOWN
    assert classify(20003, channel=Channel.TRADE_SOCKET).verdict is Verdict.RATE
    assert classify(20003).verdict is Verdict.UNKNOWN


def test_only_rejections_carry_a_reason() -> None:
    for ruling in (*TABLE.values(), *HTTP_STATUS.values()):
        assert bool(ruling.reason) is (ruling.verdict is Verdict.REJECTED)

"""What a reply to a batch says of each request in it (/v5/order/batch-place, -amend, -cancel).

Position i of `result.list` and of `retExtInfo.list` is about request i. That is believed only
where both lists fit the requests: a name that is echoed must be the one that was sent. Where the
lists are short, or names are at other places, only a name in its own place is believed; whatever
else was asked for is of unknown fate, never refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec

from engine.venues.bybit.codec import UNREADABLE
from engine.venues.bybit.names import check_names
from engine.venues.bybit.rest import MAX_TIME_MS, Answer, read_answer
from engine.venues.bybit.retcodes import Channel, Ruling, Verdict, classify

AT_THE_GATE = frozenset({10403, 20003})
"""Rate limits of the trade gateway: it let nothing of the batch through.

Any other rate code for a whole batch may mean that the rest of it was carried out.
"""
UNKNOWN = Ruling(Verdict.UNKNOWN)
MISPLACED = "the reply does not say what became of it"


class Named(NamedTuple):
    """What a request named: our id, or the venue's where it was known by that."""

    link_id: str
    order_id: str = ""


class ItemIds(msgspec.Struct, rename="camel"):
    """An item of result.list."""

    order_id: str | None = ""
    order_link_id: str | None = ""


class ItemCode(msgspec.Struct):
    """An item of retExtInfo.list."""

    code: int
    msg: str = ""


class _Ids(msgspec.Struct):
    rows: list[ItemIds] = msgspec.field(default_factory=list, name="list")


class _Codes(msgspec.Struct):
    rows: list[ItemCode] = msgspec.field(default_factory=list, name="list")


class BatchReply(msgspec.Struct, rename="camel"):
    """The envelope of a batch's reply, as REST sends it."""

    ret_code: int
    ret_msg: str = ""
    result: _Ids | None = None
    ret_ext_info: _Codes | None = None
    time: Annotated[int, msgspec.Meta(ge=0, le=MAX_TIME_MS)] = 0


_decode = msgspec.json.Decoder(BatchReply).decode
_rows = msgspec.json.Decoder(list[ItemIds] | None).decode
_codes = msgspec.json.Decoder(_Codes | None).decode


def read_reply(body: bytes) -> BatchReply:
    """A reply over REST. Raises one of UNREADABLE."""
    return _decode(body)


def build_reply(code: int, message: str, rows: bytes, extra: bytes) -> BatchReply:
    """A reply over the trade stream: `rows` is its data.list, `extra` its retExtInfo.

    Raises one of UNREADABLE.
    """
    return BatchReply(code, message, _Ids(_rows(rows) or []), _codes(extra))


def misplaced(count: int) -> list[Answer]:
    """What is known of a batch's requests where the reply does not fit them."""
    return [Answer(UNKNOWN, "", MISPLACED, 0)] * count


def judge(reply: BatchReply, named: Sequence[Named], channel: Channel) -> list[Answer]:
    """What became of each request, in their order."""
    ids = reply.result.rows if reply.result else []
    codes = reply.ret_ext_info.rows if reply.ret_ext_info else []
    if reply.ret_code:
        ruling = classify(reply.ret_code, reply.ret_msg, channel)
        halfway = ruling.verdict is Verdict.RATE and reply.ret_code not in AT_THE_GATE
        if halfway or codes or ruling.verdict is Verdict.ACCEPTED:
            ruling = UNKNOWN
        answer = read_answer(ruling, reply.ret_code, reply.ret_msg, "", reply.time)
        return [answer] * len(named)
    if len(ids) != len(codes):
        return misplaced(len(named))
    echoes = [_echo(wanted, row) for wanted, row in zip(named, ids, strict=False)]
    in_place = len(ids) == len(named) and False not in echoes
    answers = misplaced(len(named))
    for place, echo in enumerate(echoes):
        if echo or (echo is None and in_place):
            answers[place] = _answer(codes[place], ids[place], reply.time)
    return answers


def _echo(wanted: Named, row: ItemIds) -> bool | None:
    """True where a row names this request, False where it names another, None where none."""
    if wanted.order_id:
        return row.order_id == wanted.order_id if row.order_id else None
    return row.order_link_id == wanted.link_id if row.order_link_id else None


def _answer(item: ItemCode, row: ItemIds, ts_ms: int) -> Answer:
    order_id = row.order_id or ""
    try:
        check_names(order_id)
    except UNREADABLE:
        return Answer(UNKNOWN, "", MISPLACED, 0)
    # An item's code is about an order, whichever way the batch was sent.
    return read_answer(classify(item.code, item.msg), item.code, item.msg, order_id, ts_ms)

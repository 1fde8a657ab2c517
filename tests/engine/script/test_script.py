"""Session scripts: every line understood, or refused with its number before anything runs."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from engine.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    Kill,
    PlaceOrder,
    Release,
)
from engine.core.orders.terms import (
    Attached,
    Exit,
    Slippage,
    SlippageUnit,
    Trigger,
    TriggerBy,
    TriggerDirection,
)
from engine.core.types import KillLevel, OrderType, Side, TimeInForce
from engine.errors import ScriptError
from engine.script import Script, load_script, parse_script

PLACE: dict[str, object] = {
    "at": 1.5,
    "do": "place",
    "client_order_id": "a1",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "qty": "0.010",
    "price": "61800.0",
}


def parse(*lines: object) -> Script:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return parse_script(text, source="s.jsonl", account="paper")


def command(line: object) -> Command:
    (row,) = parse(line).rows
    return row.command


def refusal(*lines: object) -> str:
    with pytest.raises(ScriptError) as refused:
        parse(*lines)
    return str(refused.value)


def place(**changes: object) -> dict[str, object]:
    return {key: value for key, value in {**PLACE, **changes}.items() if value is not ...}


def test_a_place_line_takes_the_usual_terms_where_it_says_nothing() -> None:
    assert command(PLACE) == PlaceOrder(
        command_id="script-1",
        by="script",
        client_order_id="a1",
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=Decimal("0.010"),
        price=Decimal("61800.0"),
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        reduce_only=False,
    )


def test_a_place_line_may_say_everything() -> None:
    line = place(side="Sell", type="Limit", time_in_force="IOC", post_only=False, reduce_only=True)
    placed = command(line)
    assert isinstance(placed, PlaceOrder)
    assert (placed.side, placed.time_in_force, placed.reduce_only) == (
        Side.SELL,
        TimeInForce.IOC,
        True,
    )


@pytest.mark.parametrize("price", [..., None, "61800.0"])
def test_a_market_order_is_ioc_without_a_price_whatever_its_line_says(price: object) -> None:
    placed = command(place(type="Market", price=price, time_in_force="GTC"))
    assert isinstance(placed, PlaceOrder)
    assert placed.price is None
    assert placed.time_in_force is TimeInForce.IOC


def test_numbers_keep_every_digit_as_text_and_as_number() -> None:
    placed = command(json.dumps(PLACE).replace('"0.010"', "0.0100000000000000000001"))
    assert isinstance(placed, PlaceOrder)
    assert placed.qty == Decimal("0.0100000000000000000001")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            {"at": 0, "do": "amend", "client_order_id": "a1", "price": "61799.0"},
            AmendOrder(
                command_id="script-1", by="script", client_order_id="a1", price=Decimal("61799.0")
            ),
        ),
        (
            {"at": 0, "do": "amend", "client_order_id": "a1", "qty": "2"},
            AmendOrder(command_id="script-1", by="script", client_order_id="a1", qty=Decimal(2)),
        ),
        (
            {"at": 0, "do": "cancel", "client_order_id": "a1"},
            CancelOrder(command_id="script-1", by="script", client_order_id="a1"),
        ),
        ({"at": 0, "do": "cancel_all"}, CancelAll(command_id="script-1", by="script")),
        (
            {"at": 0, "do": "cancel_all", "symbol": "BTCUSDT", "side": "Buy"},
            CancelAll(command_id="script-1", by="script", symbol="BTCUSDT", side=Side.BUY),
        ),
        (
            {"at": 0, "do": "kill", "level": "kill"},
            Kill(command_id="script-1", by="script", level=KillLevel.KILL),
        ),
        (
            {"at": 0, "do": "release", "reason": "drill over"},
            Release(command_id="script-1", by="script", account="paper", reason="drill over"),
        ),
        ({"at": 0, "do": "flatten"}, Flatten(command_id="script-1", by="script")),
    ],
)
def test_every_other_line_is_its_command(line: object, expected: Command) -> None:
    assert command(line) == expected


def test_times_are_exact_nanoseconds() -> None:
    script = parse({"at": 0.1, "do": "flatten"}, {"at": 1e-9, "do": "flatten"})
    assert [row.at_ns for row in script.rows] == [1, 100_000_000]


def test_lines_run_by_time_and_those_of_one_time_in_their_order() -> None:
    script = parse(
        {"at": 2, "do": "flatten"},
        "",
        {"at": 1, "do": "cancel_all"},
        "  ",
        {"at": 2, "do": "flatten"},
    )
    assert [(row.line, row.at_ns) for row in script.rows] == [
        (3, 1_000_000_000),
        (1, 2_000_000_000),
        (5, 2_000_000_000),
    ]


def test_an_empty_script_watches_the_market() -> None:
    assert parse("").rows == ()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes at column 2"),
        ("[1]", 'is not a JSON object like {"at": 1.5, "do": "cancel_all"}'),
        ("[" * 100_000, "is not JSON that can be read"),
        ('{"at": 1e99999999999999999999, "do": "flatten"}', "is not JSON that can be read"),
        ('{"at": NaN, "do": "flatten"}', "NaN is not a number that can be traded"),
        ('{"at": 1, "at": 2, "do": "flatten"}', "a key is written twice; keep one"),
        ({"at": 1}, '"do" is missing; it says what to do, like "place"'),
        ({"at": 1, "do": "plaice"}, '"do": "plaice" is not known; did you mean "place"?'),
        (
            {"at": 1, "do": ["place"]},
            '"do": ["place"] is not known; did you mean "place"?',
        ),
        (
            {"at": 1, "do": "x"},
            '"do": "x" is not known; use one of place, amend, cancel, cancel_all, kill, release, '
            "flatten",
        ),
        (place(sid="Buy"), '"sid" is not a key of \'place\'; did you mean "side"?'),
        (
            {"at": 1, "do": "flatten", "xyzzy": 1},
            "\"xyzzy\" is not a key of 'flatten'; it takes at, do",
        ),
        (
            place(qty=...),
            "\"qty\" is missing; 'place' needs client_order_id, symbol, side, qty",
        ),
        ({"do": "flatten"}, "\"at\" is missing; 'flatten' needs at"),
        (place(price=...), '"price" is missing; a Limit order needs one'),
        (
            place(qty="1k"),
            '"qty": "1k": it must be a number greater than 0, like "0.010"',
        ),
        (place(qty="-1"), '"qty": "-1": it must be a number greater than 0, like "0.010"'),
        (place(qty=0), '"qty": 0: it must be a number greater than 0, like "0.010"'),
        (place(qty=True), '"qty": true: it must be a number greater than 0, like "0.010"'),
        (place(price="NaN"), '"price": "NaN": it must be a number greater than 0, like "0.010"'),
        (place(at=-1), '"at": -1: it must be seconds from 0 to 10000000, like 1.5'),
        (place(at="1"), '"at": "1": it must be seconds from 0 to 10000000, like 1.5'),
        (place(side="buy"), '"side": "buy": it must be Buy or Sell; did you mean "Buy"?'),
        (place(post_only=1), '"post_only": 1: it must be true or false'),
        (place(symbol=""), '"symbol": "": it must be text that is not empty'),
        (
            place(client_order_id="x" * 201),
            f'"client_order_id": "{"x" * 59}…: it must have at most 200 characters',
        ),
        (
            {"at": 1, "do": "amend", "client_order_id": "a"},
            "nothing to amend; give a price, a qty, or both",
        ),
        (
            {"at": 1, "do": "kill", "level": "flat"},
            '"level": "flat": it must be halt or pause or kill or kill-all or flatten; '
            'did you mean "flatten"?',
        ),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_what_is_right(
    line: object, problem: str
) -> None:
    assert refusal({"at": 0, "do": "cancel_all"}, "", line) == f"s.jsonl:3: {problem}"


def test_a_line_after_the_markets_end_is_out_of_range() -> None:
    script = parse({"at": 400, "do": "flatten"}, {"at": 345.5, "do": "flatten"})
    script.check_range(400.0)
    with pytest.raises(ScriptError) as refused:
        script.check_range(345.25)
    assert str(refused.value) == "s.jsonl:1: at 400 is out of range; the market lasts 345.25 s"


def test_a_script_file_is_read_and_named_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"at": 1, "do": "flatten"}\r\n')
    assert len(load_script(path, account="paper").rows) == 1
    path.write_bytes(b"\xff")
    with pytest.raises(ScriptError, match=r"s\.jsonl: byte 0 is not UTF-8; save it as UTF-8"):
        load_script(path, account="paper")
    with pytest.raises(ScriptError, match=r"none: cannot be read: No such file or directory"):
        load_script(tmp_path / "none", account="paper")


def test_a_place_line_may_wait_bring_exits_and_bound_its_slippage() -> None:
    placed = command(
        place(trigger_price="62000", take_profit="64000", stop_loss=61000, stop_loss_by="MarkPrice")
    )
    assert isinstance(placed, PlaceOrder)
    assert placed.trigger == Trigger(Decimal(62_000), TriggerDirection.RISES)
    assert placed.attached == Attached(Exit(Decimal(64_000)), Exit(Decimal(61_000), TriggerBy.MARK))
    placed = command(
        place(
            side="Sell",
            trigger_price="62000",
            trigger_direction="Rises",
            trigger_by="IndexPrice",
            take_profit="60000",
            take_profit_limit="60001",
            tpsl_mode="Partial",
        )
    )
    assert isinstance(placed, PlaceOrder)
    assert placed.trigger == Trigger(Decimal(62_000), TriggerDirection.RISES, TriggerBy.INDEX)
    assert placed.attached == Attached(
        Exit(Decimal(60_000), limit_price=Decimal(60_001)), None, partial=True
    )
    placed = command(place(type="Market", slippage="0.5"))
    assert isinstance(placed, PlaceOrder)
    assert placed.slippage == Slippage(SlippageUnit.PERCENT, Decimal("0.5"))
    placed = command(place(type="Market", slippage=20, slippage_unit="TickSize"))
    assert isinstance(placed, PlaceOrder)
    assert placed.slippage == Slippage(SlippageUnit.TICKS, Decimal(20))


def test_a_stop_to_sell_waits_for_a_falling_price() -> None:
    placed = command(place(side="Sell", type="Market", trigger_price="61000"))
    assert isinstance(placed, PlaceOrder)
    assert placed.trigger == Trigger(Decimal(61_000), TriggerDirection.FALLS)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"trigger_by": "MarkPrice"}, '"trigger_by" says nothing without "trigger_price"'),
        ({"stop_loss_limit": "1"}, '"stop_loss_limit" says nothing without "stop_loss"'),
        ({"trigger_price": "0"}, '"trigger_price": "0": it must be a number greater than 0'),
        (
            {"trigger_price": "62000", "trigger_by": "Mark"},
            '"trigger_by": "Mark": it must be LastPrice or MarkPrice or IndexPrice',
        ),
        ({"tpsl_mode": "Half"}, '"tpsl_mode": "Half": it must be Full or Partial'),
        ({"triger_price": "1"}, "did you mean"),
    ],
)
def test_a_line_that_waits_for_nothing_it_names_is_refused(
    changes: dict[str, object], says: str
) -> None:
    assert says in refusal(place(**changes))


def test_an_amend_line_may_move_the_trigger() -> None:
    line = {"at": 0, "do": "amend", "client_order_id": "a1", "trigger_price": "61799.0"}
    assert command(line) == AmendOrder(
        command_id="script-1", by="script", client_order_id="a1", trigger_price=Decimal("61799.0")
    )

"""`tradedeck risk explain`: why an order was denied, replayed from the journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.cli.parsing import Options, Parser
from console.cli.settings import state_directory
from console.denial import explanation_lines
from engine.errors import InputError
from engine.paths import newest_journal

if TYPE_CHECKING:
    from engine.core.events import CommandRefused
    from engine.core.risk import Explanation

EXAMPLES = (
    "tradedeck risk explain td-1a2b-7",
    "tradedeck risk explain a1 --journal out/journal.db --json",
)


def add_options(parser: Parser) -> None:
    """Declare what to explain, and from where."""
    parser.add_argument("what", choices=("explain",), help="show a denial")
    parser.add_argument("order", metavar="CLIENT_ORDER_ID", help="the order's id")
    parser.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="the journal to read (default: the newest one of the state directory)",
    )
    parser.add_argument("--json", action="store_true", help="JSON, for scripts")


def run(options: Options) -> int:
    """Print the explanation; exit 1 when nothing about the order was denied or refused."""
    from engine.explain import explain_from_journal

    root = state_directory(options)
    path = options.journal or newest_journal(root)
    if path is None:
        raise InputError(f"tradedeck risk: no journal in {root}; name one with --journal")
    if not path.is_file():
        raise InputError(f"tradedeck risk: --journal {path}: does not exist")
    explanation, refusals = explain_from_journal(path, options.order)
    if options.json:
        print(json.dumps(_document(options.order, explanation, refusals), indent=2))
    else:
        print("\n".join(_lines(options.order, explanation, refusals)))
    return 0 if explanation is not None or refusals else 1


def _lines(
    order_id: str, explanation: Explanation | None, refusals: list[CommandRefused]
) -> list[str]:
    lines = [order_id]
    if explanation is not None:
        order = explanation.order
        price = "at market" if order.price is None else f"@ {order.price:f}"
        lines = [f"{order_id}  {order.side.upper()} {order.qty:f} {order.symbol} {price}"]
        lines += explanation_lines(explanation)
    lines += [f"{event.command} refused: {event.code} {event.text}" for event in refusals]
    return lines if len(lines) > 1 else [f"{order_id} was not denied, and nothing about it refused"]


def _document(
    order_id: str, explanation: Explanation | None, refusals: list[CommandRefused]
) -> dict[str, Any]:
    import msgspec

    document: dict[str, Any] = {"client_order_id": order_id, "denied": None, "limits": []}
    if explanation is not None:
        document["denied"] = msgspec.to_builtins(explanation.order)
        document["limits"] = msgspec.to_builtins(explanation.readings)
    document["refused"] = msgspec.to_builtins(refusals)
    return document

"""The order state diagram as text, drawn from the rules themselves: nothing here is kept in step.

Two pictures. Boxes: the states by what they mean, closed ones in double lines, and which group may
follow which. A table: every state that may follow every other.
"""

from __future__ import annotations

from collections.abc import Callable
from textwrap import wrap

from engine.core.orders.state import GROUPS, PRECEDENCE, TRANSITIONS
from engine.core.types import CLOSED_STATES, OrderState

WIDTH = 64
"""Where sentences wrap. The boxes are as wide as the names of the states make them."""

Name = Callable[[OrderState], str]
_SINGLE, _DOUBLE = tuple("┌─┐│└┘"), tuple("╔═╗║╚╝")
_ORDER = [state for states in GROUPS.values() for state in states]


def order_diagram(name: Name = str) -> str:
    """The whole page: boxes, precedence, table. `name` is what a state is called where it shows."""
    parts = [_boxes(name), _flow(), _precedence(name), _table(name)]
    return "\n\n".join("\n".join(part) for part in parts)


def mermaid() -> str:
    """The groups and what may follow what, as a Mermaid flowchart."""
    lines = ["flowchart LR"]
    for number, (group, states) in enumerate(GROUPS.items()):
        shape = "{}[[{}]]" if _is_closed(group) else "{}[{}]"
        lines.append(f'    subgraph g{number}["{group}"]')
        lines += ["        " + shape.format(state, state) for state in states]
        lines.append("    end")
    numbers = {group: f"g{number}" for number, group in enumerate(GROUPS)}
    for group, following in _followers().items():
        lines += [f"    {numbers[group]} --> {numbers[other]}" for other in following]
    return "\n".join(lines)


def _is_closed(group: str) -> bool:
    return GROUPS[group][0] in CLOSED_STATES


def _followers() -> dict[str, list[str]]:
    """For each group, the other groups with a state that may follow one of its own."""
    return {
        group: [
            other
            for other, others in GROUPS.items()
            if other != group and any(TRANSITIONS[state].intersection(others) for state in states)
        ]
        for group, states in GROUPS.items()
    }


def _boxes(name: Name) -> list[str]:
    """The groups side by side."""
    boxes = [_box(group, [name(state) for state in states]) for group, states in GROUPS.items()]
    height = max(map(len, boxes))
    padded = [box + [" " * len(box[0])] * (height - len(box)) for box in boxes]
    return ["  ".join(line).rstrip() for line in zip(*padded, strict=True)]


def _box(group: str, lines: list[str]) -> list[str]:
    left, rule, right, side, bottom_left, bottom_right = _DOUBLE if _is_closed(group) else _SINGLE
    width = max(len(group) + 2, *map(len, lines))
    return [
        f"{left} {group} {rule * (width - len(group))}{right}",
        *(f"{side} {line:<{width}} {side}" for line in lines),
        f"{bottom_left}{rule * (width + 2)}{bottom_right}",
    ]


def _flow() -> list[str]:
    width = max(map(len, GROUPS))
    return [
        f"{group:>{width}} ─▶ {', '.join(following)}" for group, following in _followers().items()
    ]


def _precedence(name: Name) -> list[str]:
    ladder = " ▸ ".join(" or ".join(map(name, rank)) for rank in PRECEDENCE)
    return [
        "Of all that is true of an order, the first of these shows:",
        *wrap(ladder, WIDTH, initial_indent="  ", subsequent_indent="  "),
    ]


def _table(name: Name) -> list[str]:
    """Rows are what shows now, columns what may show next; letters name the columns."""
    letters = dict(zip(_ORDER, "abcdefghijklmnopqrstuvwxyz", strict=False))
    width = max(len(name(state)) for state in _ORDER)

    def line(head: str, cell: Callable[[OrderState], str]) -> str:
        groups = (" ".join(map(cell, states)) for states in GROUPS.values())
        return f"{head:<{width + 2}}  {'   '.join(groups)}".rstrip()

    def row(now: OrderState) -> str:
        def cell(then: OrderState) -> str:
            if then is now:
                return "╲"
            return "●" if then in TRANSITIONS[now] else "·"

        return line(f"{letters[now]} {name(now)}", cell)

    rows = [
        "What shows now, by row, and what may show next, by column:",
        line("", letters.__getitem__),
    ]
    for states in GROUPS.values():
        rows += [*map(row, states), ""]
    return rows[:-1]

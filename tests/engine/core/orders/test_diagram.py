from __future__ import annotations

from engine.core.orders.diagram import WIDTH, mermaid, order_diagram
from engine.core.orders.state import GROUPS, PRECEDENCE, TRANSITIONS
from engine.core.types import CLOSED_STATES, OrderState


def table() -> dict[str, list[str]]:
    """The rows of the table by state: one sign a column, in the order of the rows."""
    lines = order_diagram().split("by column:\n")[1].splitlines()[1:]
    return {line.split()[1]: line.split()[2:] for line in lines if line}


def test_every_state_is_in_one_group_and_has_one_rank() -> None:
    everything = sorted(OrderState)
    assert sorted(state for states in GROUPS.values() for state in states) == everything
    assert sorted(state for rank in PRECEDENCE for state in rank) == everything
    assert set(GROUPS["closed"]) == CLOSED_STATES


def test_the_table_is_the_transitions() -> None:
    rows = table()
    assert sorted(rows) == sorted(OrderState)
    columns = list(rows)
    drawn = {
        now: {columns[i] for i, sign in enumerate(signs) if sign == "●"}
        for now, signs in rows.items()
    }
    assert drawn == {now: set(then) for now, then in TRANSITIONS.items()}
    assert [signs.index("╲") for signs in rows.values()] == list(range(len(OrderState)))


def test_the_boxes_name_every_state_and_close_the_closed_in_double_lines() -> None:
    boxes = order_diagram().split("\n\n")[0]
    assert all(f" {state} " in boxes for state in OrderState)
    assert all(f"║ {state:<8} ║" in boxes for state in CLOSED_STATES)
    assert "┌ on its way ──┐  ┌ working ────────┐  ┌ asked ─────────┐  ╔ closed ══╗" in boxes


def test_the_page_is_narrow_and_no_line_ends_in_blanks() -> None:
    for page, widest in ((order_diagram(), 72), (order_diagram(lambda s: s.name[:9]), WIDTH)):
        assert max(map(len, page.splitlines())) <= widest
        assert page == "\n".join(line.rstrip() for line in page.splitlines())


def test_states_can_be_called_as_the_screen_calls_them() -> None:
    page = order_diagram(lambda state: state.name)
    assert "j FILLED" in page
    assert "FILLED ▸ CANCELED or REJECTED or EXPIRED or DENIED ▸" in page


def test_the_flowchart_has_an_arrow_for_each_pair_of_groups() -> None:
    chart = mermaid().splitlines()
    assert chart[0] == "flowchart LR"
    assert "        Filled[[Filled]]" in chart
    assert "        New[New]" in chart
    arrows = [line.strip() for line in chart if "-->" in line]
    assert arrows[:3] == ["g0 --> g1", "g0 --> g2", "g0 --> g3"]
    assert "g1 --> g0" not in arrows, "what works is never on its way again"

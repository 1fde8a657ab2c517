from console.denial import FIELDS, denial_line, explanation_lines
from engine.core.risk import RULES, Denial, Explanation
from tests.support.desk import Desk


def test_a_denial_is_one_line_with_what_would_pass() -> None:
    assert denial_line(Denial("MAX_QTY", "2", "1", "at most 1")) == (
        "MAX_QTY 2, limit 1; would pass: at most 1"
    )
    assert denial_line(Denial("BAD_ID", "x y")) == "BAD_ID x y"
    assert denial_line(Denial("PRICE_COLLAR", "10000", "48800.000 to 67100", "c-1000")) == (
        "PRICE_COLLAR 10,000, limit 48,800 to 67,100; would pass: c-1000"
    )


def test_a_denial_without_readings_is_the_rule_alone() -> None:
    desk = Desk()
    desk.quotes.clear()
    (denied,) = desk.give(desk.place("z1"))
    assert list(explanation_lines(Explanation(denied))) == [  # type: ignore[arg-type]
        "DENIED NO_REFERENCE_PRICE",
        "  value       BTCUSDT",
        "  limit       a mark price or a book",
        "  would pass  -",
    ]


def test_every_code_beside_a_field_is_one_of_the_checks() -> None:
    assert set(FIELDS) - {rule.code for rule in RULES} == {"SYMBOL_NOT_ALLOWED"}

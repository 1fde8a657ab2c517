"""The shape of `summary.json`: the keys that other programs read, in their order."""

from __future__ import annotations

import msgspec
import pytest

from engine.summary import documents

KEYS = {
    "SessionSummary": "market orders fills positions totals reconciliation retries kill refused",
    "MarketSummary": "files first_ts last_ts trades book_updates bad_lines bad_line",
    "OrderSummary": (
        "client_order_id exchange_order_id symbol side type time_in_force post_only reduce_only "
        "qty price state cum_qty leaves_qty avg_price reason created_ts updated_ts attempts "
        "ack_latency_s fill_latency_s trigger attached slippage"
    ),
    "FillSummary": ("exec_id client_order_id symbol side qty price fee fee_currency liquidity ts"),
    "PositionSummary": (
        "symbol qty avg_entry_price realized_pnl unrealized_pnl fees mark_price funding estimated"
    ),
    "TotalsSummary": "realized_pnl unrealized_pnl fees net_pnl currency funding estimated",
    "RequestSummary": "requests retries",
    "RefusedSummary": "ts command code text",
    "KillSummary": "blocked_at first_cancel_at verified_zero_at residual",
}


@pytest.mark.parametrize("name", KEYS)
def test_every_part_has_its_keys_in_their_order(name: str) -> None:
    assert getattr(documents, name).__struct_fields__ == tuple(KEYS[name].split())


def test_a_reconciliation_that_passed_says_no_more_than_that() -> None:
    passed = documents.ReconciliationSummary(status="PASS", drift=[])
    assert msgspec.to_builtins(passed) == {"status": "PASS", "drift": []}

"""The ledger: executions booked once, the positions that are their sum, cash, and P&L as a view."""

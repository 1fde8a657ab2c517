"""Reconciliation: what we hold beside what the venue shows, and what a difference is worth."""

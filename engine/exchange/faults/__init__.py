"""What goes wrong at a real venue, played on purpose: chosen by a file, decided by a seed.

plan     the kinds of fault there are, and the file that chooses among them
dice     whose turn it is: by rate, at the nth chance, or every so often
chaos    requests and connections: lost answers, refusals, bans, restarts, dead sockets
noise    pushes: rows twice, late or the other way round; gaps and repeats of the book
"""

from __future__ import annotations

from engine.exchange.faults.plan import FaultsError, Plan, Rule, parse_plan, read_plan

__all__ = ["FaultsError", "Plan", "Rule", "parse_plan", "read_plan"]

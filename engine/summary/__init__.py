"""What a session leaves behind: its documents, and the page that people read."""

from __future__ import annotations

from engine.summary.build import create_summary, session_files, write_session
from engine.summary.documents import MarketSummary, RequestSummary, SessionSummary
from engine.summary.page import print_summary

__all__ = [
    "MarketSummary",
    "RequestSummary",
    "SessionSummary",
    "create_summary",
    "print_summary",
    "session_files",
    "write_session",
]

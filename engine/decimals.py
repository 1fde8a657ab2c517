"""Numbers as people write them: `0.01`, `1e-3`, `-5`.

Not the underscores, foreign digits and special values that `Decimal` itself would accept.
"""

from __future__ import annotations

import re
from decimal import Decimal

WRITTEN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
CHARS_MAX = 60


def parse_decimal(written: str) -> Decimal:
    """The finite number that `written` is. Raises ValueError when it is anything else."""
    if len(written) > CHARS_MAX or not WRITTEN.fullmatch(written):
        raise ValueError("is not a number")
    return Decimal(written)

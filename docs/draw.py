"""Write the parts of the docs that are drawn from the code: `python -m docs.draw`."""

from __future__ import annotations

import re
from pathlib import Path

from engine.core.orders.diagram import mermaid, order_diagram

ORDERS = Path(__file__).with_name("orders.md")
_DRAWN = re.compile(r"(<!-- drawn: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def drawn(page: str) -> str:
    """The page with each part between its marks as the code draws it now."""
    pictures = {
        "states": f"```\n{order_diagram()}\n```\n",
        "flow": f"```mermaid\n{mermaid()}\n```\n",
    }
    return _DRAWN.sub(lambda part: part[1] + pictures[part[2]] + part[3], page)


if __name__ == "__main__":
    ORDERS.write_text(drawn(ORDERS.read_text(encoding="utf-8")), encoding="utf-8")

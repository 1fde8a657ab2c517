"""docs/risk.md names every check, every trigger and every key there is."""

from __future__ import annotations

import re

from engine.core.limits import RiskLimits
from engine.core.risk import RULES
from engine.core.watch.triggers import TRIGGERS
from tests.structure.sources import ROOT


def test_the_page_names_every_rule_trigger_and_key() -> None:
    words = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "risk.md").read_text(encoding="utf-8")))
    codes = {rule.code for rule in RULES} | {trigger.code for trigger in TRIGGERS}
    keys = set(RiskLimits.__struct_fields__) - {"symbols"}
    assert (codes | keys) - words == set()

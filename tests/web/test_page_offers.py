"""What the agent's page offers of a call is what the controller allows."""

from __future__ import annotations

import json
from pathlib import Path

from acd.runtime.call_control import ALLOWED, Phase
from acd.web.api.calls_now import verb_of

OFFERED = Path(__file__).parents[2] / "acd/web/ui/src/agent/allowed.json"


def test_the_page_offers_nothing_that_would_be_refused() -> None:
    offered = json.loads(OFFERED.read_text(encoding="utf-8"))
    assert set(offered) == {phase.value for phase in Phase}
    refused = {
        (phase, order)
        for phase, orders in offered.items()
        for order in orders
        if verb_of(order) not in ALLOWED[Phase(phase)]
    }
    assert refused == set()

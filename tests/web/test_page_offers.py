"""What the agent's page offers of a call is what the controller allows."""

from __future__ import annotations

import json
from pathlib import Path

from acd.runtime.call_control import ALLOWED, Verb
from acd.web.api.calls_now import verb_of

OFFERED = Path(__file__).parents[2] / "acd/web/ui/src/agent/allowed.json"


ELSEWHERE = {Verb.DIAL, Verb.TAKE_UP}
"""The page has a number dialled beside the call, and takes a talk up by itself."""


def test_the_page_offers_what_would_be_done_and_nothing_that_would_be_refused() -> None:
    offered = json.loads(OFFERED.read_text(encoding="utf-8"))
    assert {phase: {verb_of(order) for order in orders} for phase, orders in offered.items()} == {
        phase.value: allowed - ELSEWHERE for phase, allowed in ALLOWED.items()
    }

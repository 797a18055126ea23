"""What the agent's page offers of a call is what the controller allows."""

from __future__ import annotations

import json
from pathlib import Path

from acd.runtime.call_control import ALLOWED, Phase, Verb
from acd.web.api.calls_now import verb_of

OFFERED = Path(__file__).parents[2] / "acd/web/ui/src/agent/allowed.json"
ELSEWHERE = {Verb.DIAL, Verb.TAKE_UP}
"""Not among the buttons of a call: the field for numbers, and what the page does by itself."""


def test_the_page_offers_of_a_call_what_the_controller_allows() -> None:
    offered = json.loads(OFFERED.read_text(encoding="utf-8"))
    told = {phase: {verb_of(order) for order in orders} for phase, orders in offered.items()}
    assert told == {phase.value: {verb.value for verb in ALLOWED[phase] - ELSEWHERE} for phase in Phase}

"""After each event: what follows for those who wait."""

from __future__ import annotations

from acd.core import callback_entry, lines, policy_run, rings
from acd.core.calls import CallState
from acd.core.floor import Floor


def check(floor: Floor) -> None:
    """Those who have just come into a line, and the lines of agents who went home."""
    while floor.entered_line or floor.went_home:
        calls, floor.entered_line = floor.entered_line, []
        agents, floor.went_home = floor.went_home, []
        for agent in agents:
            left = [floor.calls[call_id] for call_id in floor.router.left_behind(agent.id)]
            calls += sorted(left, key=lambda call: call.joined)
            if agent.id in floor.leaving:
                floor.forget_agent(agent)
        for call in calls:
            if call.state is not CallState.WAITING or not call.present or callback_entry.expire(floor, call):
                continue
            rings.entered(floor, call)
            policy_run.entered(floor, call)
            if not floor.suspended:  # which looks at the call's node, too
                lines.check_limits(floor, call)

"""What of the live picture somebody sees whose rights are for some teams. Pure.

Agents of the teams; the lines that they serve; calls that one of them has a share in, or that wait in such a
line. Who else rings for a call in line, has it kept for them, or had it before, is not told; of a line those
agents alone are counted who are of the teams. A call that is shared with another team is shown as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from acd.records.reach import Reach, reach_of
from acd.web.live.mine import AGENT, CALL, CENTRE, MESSAGE, agents_of
from acd.web.live.topics import GROUP, INBOX
from acd.web.picture import Object

EVERYBODY, OF_GROUP = "*", "group:"
_IN_LINE = "waiting"
_NAMED = ("agent", "kept_for", "wrap_up_for", "own_call_of")
_STAFF = ("ready", "occupied", "ringing", "talking", "wrap_up", "not_ready")


def reach_in(objects: Mapping[str, Object], teams: Collection[str]) -> Reach:
    """How far the rights for these teams reach at this moment."""
    agents = (value for key, value in objects.items() if key.startswith(AGENT))
    return reach_of(teams, ((told["id"], told.get("team"), told.get("groups") or ()) for told in agents))


def sees_call(reach: Reach, call: Object) -> bool:
    """Whether one of the agents has a share in it, or it waits in their lines."""
    if reach.is_all or any(reach.has_agent(agent) for agent in (*agents_of(call), call.get("own_call_of"))):
        return True
    return waits_in_reach(reach, call)


def waits_in_reach(reach: Reach, call: Object) -> bool:
    """Whether it stands in a line that the teams serve, so that it can be moved there."""
    return call.get("state") == _IN_LINE and call.get("group") is not None and reach.has_group(call["group"])


def seen(reach: Reach, key: str, value: Object, objects: Mapping[str, Object]) -> Object | None:
    """An object as it is shown; None: it is not. `objects`: all of the picture."""
    if key.startswith(AGENT):
        return value if reach.has_agent(value.get("id")) else None
    if key.startswith(CALL):
        return _call(reach, value) if sees_call(reach, value) else None
    if key.startswith(GROUP):
        group = str(value.get("id"))
        return {**value, **_staff(reach, group, objects)} if reach.has_group(group) else None
    if key.startswith(MESSAGE):
        to = [one for one in value.get("to") or () if _is_to(reach, str(one))]
        return {**value, "to": to} if to else None
    if key == CENTRE:
        return _centre(reach, value, objects)
    return value if key == INBOX else None


def _call(reach: Reach, call: Object) -> Object:
    if call.get("state") != _IN_LINE:
        return call
    hidden = {name: None for name in _NAMED if not reach.has_agent(call.get(name))}
    tally = call.get("tally") or {}  # a controller of before tells none
    served = {"agents": [agent for agent in tally.get("agents", ()) if reach.has_agent(agent)]}
    return {**call, **hidden, "tally": {**tally, **served}}


def _staff(reach: Reach, group: str, objects: Mapping[str, Object]) -> dict[str, int]:
    """By state, of those who serve the line and are of the teams; as the controller counts all of them."""
    agents = (objects.get(f"{AGENT}{agent}") or {} for agent in reach.agents or ())
    states = Counter(_state(agent) for agent in agents if group in (agent.get("groups") or ()))
    counts = {state: states[state] for state in _STAFF}
    return {**counts, "staffed": sum(counts.values())}


def _state(agent: Object) -> str:
    state = str(agent.get("state"))
    return "occupied" if state == "ready" and agent.get("occupied") else state


def _is_to(reach: Reach, to: str) -> bool:
    if to == EVERYBODY:
        return True
    if to.startswith(OF_GROUP):
        return reach.has_group(to.removeprefix(OF_GROUP))
    return reach.has_agent(to)


def _centre(reach: Reach, centre: Object, objects: Mapping[str, Object]) -> Object:
    """With the lines and the teams that are seen alone."""
    teams = {(objects.get(f"{AGENT}{agent}") or {}).get("team") for agent in reach.agents or ()}
    return {
        **centre,
        "groups": [group for group in centre.get("groups") or () if reach.has_group(group)],
        "teams": [team for team in centre.get("teams") or () if team["id"] in teams],
    }

"""Calls that ended with their node, for as long as that may turn out to live: see docs/adr/0054.

They are in the mirror, too: the node may be found to live by a controller that has begun since.
"""

from __future__ import annotations

from collections.abc import Iterable

from acd.core import conversations, facts
from acd.core.calls import Call, CallInput, CallState
from acd.core.commands import LostCallForgotten
from acd.core.events import CallArrived, FloorSeen
from acd.core.facts import CallKind, EndedBy
from acd.core.floor import Floor

KEPT_MAX = 5000
"""So many are kept; the oldest go first."""
KEPT_S = 86_400.0
"""So long after the loss, when the day is told again (each hour), a call is forgotten: no node is away for
longer, and has its calls still."""


def restore(floor: Floor, lost: Iterable[Call]) -> None:
    """Those that were kept, in any order; after the floor's calls, among which are those in wrap-up.

    A sudden end may have kept only a part of what was told of a call: one that goes on has been taken up.
    """
    for call in sorted(lost, key=lambda call: call.since):
        known = floor.calls.get(call.id, call)
        if known.state is not CallState.ENDED:
            floor.emit(LostCallForgotten(call.id))
            continue
        floor.lost[call.id] = known
        if known is not call:
            floor.mark(known)
        elif not call.finished:
            floor.admit(call)
    _keep_within(floor)


def keep(floor: Floor, call: Call) -> None:
    """In case its node lives; a callback has an entry of its own, which goes on."""
    if call.kind is not CallKind.CALLBACK:
        floor.lost[call.id] = call
        floor.mark(call)
        _keep_within(floor)


def _keep_within(floor: Floor) -> None:
    while len(floor.lost) > KEPT_MAX:
        _forget(floor, next(iter(floor.lost)))


def _forget(floor: Floor, call_id: str) -> None:
    del floor.lost[call_id]
    floor.emit(LostCallForgotten(call_id))


def day_began(floor: Floor) -> None:
    """Old ones are forgotten: their nodes will not be seen any more."""
    for call_id in [call.id for call in floor.lost.values() if floor.now - call.since >= KEPT_S]:
        _forget(floor, call_id)


def node_seen(floor: Floor, seen: FloorSeen) -> None:
    """Somebody has looked: what is not there is gone for good. Its node may have lived when it ended."""
    gone = [c for c in floor.lost.values() if seen.node in (None, c.node) and c.id not in seen.alive]
    for call in gone:
        at = seen.ended_at.get(call.id)
        if at is None:
            _forget(floor, call.id)
            continue
        by_agent = call.lost_with is not None and call.id in seen.ended_by_agent
        take_up(floor, call.id, "went on", call.when(at, floor.now))
        conversations.end(floor, call, EndedBy.AGENT if by_agent else EndedBy.UNKNOWN, at=at)


def take_up(floor: Floor, call_id: str, how: str, at: float) -> Call:
    """Its facts go on, and it is in hand."""
    call = floor.lost[call_id]
    _forget(floor, call_id)
    call.agent, call.present, call.agent_left = None, True, False
    if call.id not in floor.calls:
        floor.admit(call)
    floor.note(call, facts.Returned(at, f"{how} at node {call.node}, which was taken for dead"))
    floor.move_call(call, CallInput.FOUND_AGAIN)
    return call


def found_again(floor: Floor, event: CallArrived) -> None:
    """It is there."""
    floor.lost[event.call_id].node = event.node
    call = take_up(floor, event.call_id, "found again", floor.now)
    origin = floor.agents.get(call.origin_agent or "")
    if origin is not None and origin.own_call_id is None:  # else the agent has dialled anew since
        conversations.begin_own_call(floor, call)

"""After-call work: when it follows a talk, how long it lasts, what ends it."""

from __future__ import annotations

from typing import TypeGuard

from acd.core import facts, offers
from acd.core.agents import Agent, AgentInput, AgentState
from acd.core.calls import Call
from acd.core.facts import WrapUpEnd
from acd.core.floor import Floor
from acd.core.timers import Timer
from acd.core.work_rules import NO_WRAP_UP, WrapUpMode, WrapUpRule
from acd.errors import RequestRefused

_BEFORE = (AgentState.RINGING, AgentState.TALKING)


# --- what calls do ------------------------------------------------------------------------------
def rule_of(floor: Floor, group: str | None) -> WrapUpRule:
    """The rule of a group; a call that came through none has no wrap-up."""
    policy = floor.group(group or "")
    return NO_WRAP_UP if policy is None else policy.wrap_up


def note_due(floor: Floor, call: Call, agent: Agent, group: str | None) -> None:
    """The agent's talk in this call, which came through `group`, is over: wrap-up follows, or does not."""
    mode = rule_of(floor, group).mode
    wanted, agent.wrap_up_wanted = agent.wrap_up_wanted, False
    if mode is WrapUpMode.NONE or (mode is WrapUpMode.OPTIONAL and not wanted):
        return
    agent.wrap_up_call_id, agent.wrap_up_group = call.id, group
    call.open_wrap_ups += 1


def begin(floor: Floor, agent: Agent, call: Call, at: float | None = None) -> None:
    """The agent talks to nobody any more, and this call is to be wrapped up; `at`: since when, if not now.

    On the call's record it begins then: a later end of the call must not be moved by it.
    """
    lasts_s = rule_of(floor, agent.wrap_up_group).lasts_s
    agent.wrap_up_until = None if lasts_s is None else floor.now + lasts_s
    floor.move_agent(agent, AgentInput.FINISH_TO_WRAP_UP)
    if agent.wrap_up_until is not None:
        floor.timers.set(Timer.WRAP_UP, agent.id, agent.wrap_up_until)
    floor.note(call, facts.WrapUpStarted(call.when(at, floor.now), agent.id))


def close(floor: Floor, agent: Agent, how: WrapUpEnd) -> None:
    """The call that was being wrapped up is complete; the agent's state is the caller's business."""
    call = floor.calls.get(agent.wrap_up_call_id or "")
    agent.wrap_up_call_id, agent.wrap_up_group, agent.wrap_up_until = None, None, None
    if call is not None:
        call.open_wrap_ups -= 1
        floor.note(call, facts.WrapUpEnded(floor.now, agent.id, how))
        floor.settle(call)


def end(floor: Floor, agent: Agent, how: WrapUpEnd) -> None:
    """To ready, or to what was asked for meanwhile."""
    if agent.state is not AgentState.WRAP_UP:
        return
    floor.release_agent(agent)
    close(floor, agent, how)
    offers.dispatch_agent(floor, agent)


def timer(floor: Floor, agent: Agent) -> None:
    """Its time is over."""
    limit_s = rule_of(floor, agent.wrap_up_group).limit_s
    at_limit = limit_s is not None and floor.now - agent.since >= limit_s
    end(floor, agent, WrapUpEnd.LIMIT if at_limit else WrapUpEnd.TIME)


def inherit(floor: Floor, consult: Call, call: Call) -> None:
    """Agents who still work on what was the consultation now do so on the call it becomes part of."""
    if consult.open_wrap_ups == 0:
        return
    for agent in floor.agents.values():
        if agent.wrap_up_call_id == consult.id:
            agent.wrap_up_call_id = call.id
            floor.touch(agent)
    call.open_wrap_ups += consult.open_wrap_ups


# --- what agents ask for ------------------------------------------------------------------------
def done(floor: Floor, agent: Agent, *, forced: bool = False) -> None:
    """The work is done before its time; asked during a talk: none is wanted after all."""
    if agent.state in _BEFORE and agent.wrap_up_wanted:
        agent.wrap_up_wanted = False
        floor.touch(agent)
        return
    _must_be_in_wrap_up(agent)
    if not forced:
        must_be_disposed(floor, agent)
    end(floor, agent, WrapUpEnd.AGENT)


def dispose(floor: Floor, call: Call, told: facts.Disposed) -> None:
    """The agent has said what came of the call; later words take the place of earlier ones."""
    known = next((f for f in reversed(call.facts) if _is_by(f, told.agent)), None)
    if known is None or (known.code, known.label) != (told.code, told.label):
        floor.note(call, told)


def must_be_disposed(floor: Floor, agent: Agent) -> None:
    """Raises RequestRefused where the group wants to know first what came of the call."""
    policy, call = floor.group(agent.wrap_up_group or ""), floor.calls.get(agent.wrap_up_call_id or "")
    if policy is None or not policy.disposition_required or call is None:
        return
    if not any(_is_by(fact, agent.id) for fact in call.facts):
        text = f"group {policy.id} wants to know what came of the call before its wrap-up is done"
        raise RequestRefused("disposition-required", text)


def _is_by(fact: facts.Fact, agent: str) -> TypeGuard[facts.Disposed]:
    return isinstance(fact, facts.Disposed) and fact.agent == agent


def extend(floor: Floor, agent: Agent) -> None:
    """More time, as much as the group adds at once."""
    _must_be_in_wrap_up(agent)
    rule, until = rule_of(floor, agent.wrap_up_group), agent.wrap_up_until
    call = floor.calls.get(agent.wrap_up_call_id or "")
    if call is None:  # lost in a sudden end: its rules are not known
        text = f"the call that {agent.id} wraps up was not kept; its wrap-up ends as it would have"
        raise RequestRefused("wrap-up-limit", text)
    if until is None:
        raise RequestRefused(
            "wrap-up-open", f"the wrap-up of {agent.id} lasts until it is ended; nothing to add"
        )
    if rule.extend_s <= 0:
        text = f"group {agent.wrap_up_group} does not let its wrap-up be extended (extend_s is 0)"
        raise RequestRefused("wrap-up-limit", text)
    wanted_s = until + rule.extend_s - agent.since
    if rule.limit_s is not None and wanted_s > rule.limit_s:
        raise RequestRefused(
            "wrap-up-limit",
            f"{rule.extend_s:g} s more would make the wrap-up of {agent.id} {wanted_s:g} s long;"
            f" group {agent.wrap_up_group} allows {rule.limit_s:g} s",
        )
    agent.wrap_up_until = until + rule.extend_s
    floor.timers.set(Timer.WRAP_UP, agent.id, agent.wrap_up_until)
    floor.note(call, facts.WrapUpExtended(floor.now, agent.id, rule.extend_s))
    floor.touch(agent)


def want(floor: Floor, agent: Agent) -> None:
    """Time after this talk, in a group where that is the agent's choice; elsewhere it comes anyway."""
    call = floor.calls.get(agent.call_id or "")
    if agent.state not in _BEFORE or call is None:
        text = f"{agent.id} has no call; wrap-up can be asked for while one rings and during the talk"
        raise RequestRefused("no-call", text)
    mode = rule_of(floor, call.group).mode
    if mode is WrapUpMode.NONE:
        group = (
            f"group {call.group} has" if call.group is not None else "calls that came through no group have"
        )
        raise RequestRefused("no-wrap-up", f"{group} no wrap-up")
    if mode is WrapUpMode.OPTIONAL and not agent.wrap_up_wanted:
        agent.wrap_up_wanted = True
        floor.touch(agent)


def _must_be_in_wrap_up(agent: Agent) -> None:
    if agent.state is not AgentState.WRAP_UP:
        raise RequestRefused("not-in-wrap-up", f"{agent.id} is not in wrap-up")

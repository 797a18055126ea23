"""What supervisors do: agents' states, calls in line, listening in, messages; and why it is as it is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from acd.core.plan import BROWSER_PREFIX
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.live.mine import AGENT, CALL
from acd.web.live.reached import EVERYBODY, OF_GROUP, sees_call, waits_in_reach
from acd.web.other_teams import why_within, without_others
from acd.web.refusal import Refusal, not_found, other_team
from acd.web.route import Bound, Route
from acd.web.values import Answer, Input, Name, Text

PRIORITY_MAX = 100


class StateOrder(Input):
    """`reason`: one of the centre's, for not ready."""

    state: Literal["ready", "not_ready", "logged_out"]
    reason: Name | None = None


class Move(Input):
    """The group in whose line the call waits from then on."""

    group: Name


class Raise(Input):
    """The call's priority from now on."""

    priority: Annotated[int, Field(ge=0, le=PRIORITY_MAX)]


class Spy(Input):
    """`target`: the agent; `phone`: where the supervisor listens, if not at the phone of the log-in."""

    mode: Literal["listen", "whisper", "barge", "stop"]
    target: Name | None = None
    phone: Name | None = None


class Listener(Input):
    """`phone`: where the supervisor listens, if not at the phone of the log-in."""

    phone: Name | None = None


class ListeningNow(Answer):
    """`ringing`: the phone is called, and nobody has answered it."""

    state: Literal["none", "ringing", "connected"]


class Message(Input):
    """`to`: agents' ids, `group:ID`, or `*` for all."""

    to: Annotated[list[Name], Field(min_length=1, max_length=500)]
    text: Annotated[Text, Field(min_length=1, max_length=1000)]
    urgent: bool = False


async def set_state(ctx: Context[None, StateOrder]) -> dict[str, Any]:
    """It holds after the call, where the agent is in one."""
    fields = ctx.body.model_dump(exclude_none=True)
    ctx.note(**fields)
    return await ctx.ask("agent-state", target=ctx.path["id"], **fields)


def _check_in_line(ctx: Context[Any, Any], group: str | None = None) -> None:
    """Raises Refusal where the call does not wait in a line that the teams serve, or `group` is none."""
    reach = ctx.reach
    if reach.is_all:
        return
    call = ctx.services.picture.objects.get(f"{CALL}{ctx.path['id']}")
    if call is None or not sees_call(reach, call):
        raise not_found("call", ctx.path["id"])
    if not waits_in_reach(reach, call) or not (group is None or reach.has_group(group)):
        raise other_team()


async def move(ctx: Context[None, Move]) -> dict[str, Any]:
    """Of a call that waits."""
    _check_in_line(ctx, ctx.body.group)
    ctx.note(ctx.path["id"], group=ctx.body.group)
    return await ctx.ask("move", call=ctx.path["id"], group=ctx.body.group)


async def prioritise(ctx: Context[None, Raise]) -> dict[str, Any]:
    """Of a call that waits."""
    _check_in_line(ctx)
    ctx.note(ctx.path["id"], priority=ctx.body.priority)
    return await ctx.ask("priority", call=ctx.path["id"], priority=ctx.body.priority)


async def why(ctx: Context[None, None]) -> dict[str, Any]:
    """What keeps it waiting, and what has happened to it so far."""
    _check_seen(ctx)
    told = await ctx.ask("why", call=ctx.path["id"])
    return await without_others(ctx, {**told, "why": why_within(ctx.reach, told.get("why"))})  # type: ignore[no-any-return]


def _check_seen(ctx: Context[Any, Any]) -> None:
    """Raises Refusal where it is no call, by its whole id, that goes on and is of the teams."""
    reach = ctx.reach
    call = ctx.services.picture.objects.get(f"{CALL}{ctx.path['id']}")
    if not reach.is_all and (call is None or not sees_call(reach, call)):
        raise not_found("call", ctx.path["id"])


async def why_agent(ctx: Context[None, None]) -> dict[str, Any]:
    """Who got it, and why none of the others."""
    _check_seen(ctx)
    told = await ctx.ask("why-agent", call=ctx.path["id"])
    return await without_others(ctx, told)  # type: ignore[no-any-return]


async def spy(ctx: Context[None, Spy]) -> dict[str, Any]:
    """At the supervisor's phone."""
    order = ctx.body
    if order.mode != "stop" and order.target is None:
        raise Refusal(422, "refused", "say whom to listen to", {"body.target": "expected an agent"})
    if order.target is not None and not ctx.reach.has_agent(order.target):
        raise other_team()
    own = await _own_phone(ctx, order.phone, "body.phone")
    ctx.note(order.target, mode=order.mode, at=own)
    return await ctx.ask("spy", agent=own, mode=order.mode, target=order.target)


async def listening(ctx: Context[Listener, None]) -> ListeningNow:
    """As Asterisk has told."""
    told = await ctx.ask("listening", agent=await _own_phone(ctx, ctx.query.phone, "query.phone"))
    return ListeningNow(state=told["state"])


async def _own_phone(ctx: Context[Any, Any], phone: str | None, field: str) -> str:
    """The phone, or the agent whose phone it is. Raises Refusal: 422; 403 for one of another team's agent."""
    own = phone or ctx.asker.agent
    if own is None:
        text = "this account belongs to no agent: say at which phone to listen"
        raise Refusal(422, "refused", text, {field: "expected a phone"})
    reach = ctx.reach
    if not reach.is_all and own != ctx.asker.agent:
        for agent in (await ctx.services.centre.get()).agents.values():
            seated = ctx.services.picture.objects.get(f"{AGENT}{agent.id}", {}).get("phone")
            phones = {agent.id, agent.extension, BROWSER_PREFIX + agent.extension, seated}
            if own in phones and not reach.has_agent(agent.id):
                raise other_team()
    return own


async def send_message(ctx: Context[None, Message]) -> dict[str, Any]:
    """On the screens of those whom it is for; for all, or for a group, is for those of them whom one's rights
    reach."""
    to = await _reached(ctx, ctx.body.to)
    ctx.note(", ".join(ctx.body.to)[:200], text=ctx.body.text, urgent=ctx.body.urgent)
    return await ctx.ask("message", **{**ctx.body.model_dump(), "to": to})


async def _reached(ctx: Context[Any, Any], to: list[str]) -> list[str]:
    """By name, where it is not for everybody. Raises Refusal for agents of other teams, and for nobody."""
    reach = ctx.reach
    if reach.agents is None:
        return to
    agents, found = (await ctx.services.centre.get()).agents, list[str]()
    for one in to:
        if one == EVERYBODY:
            found += sorted(reach.agents)
        elif one.startswith(OF_GROUP):
            group = one.removeprefix(OF_GROUP)
            found += [name for name in sorted(reach.agents) if group in agents[name].groups]
        elif reach.has_agent(one):
            found.append(one)
        else:
            raise other_team()
    if not found:
        raise other_team()
    return list(dict.fromkeys(found))


ROUTES = [
    Route("POST", "/api/agents/{id}/state", "Change an agent's state", set_state, Role.SUPERVISOR,
          Scope.CONTROL_AGENTS, body=StateOrder, answer=dict[str, Any], audit="agent-state", controller=True,
          bound=Bound.AGENT),
    Route("POST", "/api/calls/{id}/move", "Move a waiting call to another group", move, Role.SUPERVISOR,
          Scope.SUPERVISE, body=Move, answer=dict[str, Any], audit="move", controller=True,
          bound=Bound.REACH),
    Route("POST", "/api/calls/{id}/priority", "Change a waiting call's priority", prioritise, Role.SUPERVISOR,
          Scope.SUPERVISE, body=Raise, answer=dict[str, Any], audit="priority", controller=True,
          bound=Bound.REACH),
    Route("GET", "/api/calls/{id}/why", "Why a call waits", why, Role.SUPERVISOR, Scope.READ_STATE,
          answer=dict[str, Any], controller=True, bound=Bound.REACH),
    Route("GET", "/api/calls/{id}/why-agent", "Why this agent got the call", why_agent, Role.SUPERVISOR,
          Scope.READ_STATE, answer=dict[str, Any], controller=True, bound=Bound.REACH),
    Route("POST", "/api/spy", "Listen to an agent's call, whisper, or join it", spy, Role.SUPERVISOR,
          Scope.SUPERVISE, body=Spy, answer=dict[str, Any], audit="spy", controller=True, bound=Bound.REACH),
    Route("GET", "/api/spy", "Whether one listens to a call", listening, Role.SUPERVISOR, Scope.SUPERVISE,
          query=Listener, answer=ListeningNow, controller=True, bound=Bound.REACH),
    Route("POST", "/api/messages", "Send a message to agents", send_message, Role.SUPERVISOR,
          Scope.SUPERVISE, body=Message, answer=dict[str, Any], audit="message", controller=True,
          bound=Bound.REACH),
]  # fmt: skip

"""What supervisors do: agents' states, calls in line, listening in, messages; and why it is as it is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.refusal import Refusal
from acd.web.route import Route
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


async def move(ctx: Context[None, Move]) -> dict[str, Any]:
    """Of a call that waits."""
    ctx.note(ctx.path["id"], group=ctx.body.group)
    return await ctx.ask("move", call=ctx.path["id"], group=ctx.body.group)


async def prioritise(ctx: Context[None, Raise]) -> dict[str, Any]:
    """Of a call that waits."""
    ctx.note(ctx.path["id"], priority=ctx.body.priority)
    return await ctx.ask("priority", call=ctx.path["id"], priority=ctx.body.priority)


async def why(ctx: Context[None, None]) -> dict[str, Any]:
    """What keeps it waiting, and what has happened to it so far."""
    return await ctx.ask("why", call=ctx.path["id"])


async def why_agent(ctx: Context[None, None]) -> dict[str, Any]:
    """Who got it, and why none of the others."""
    return await ctx.ask("why-agent", call=ctx.path["id"])


async def spy(ctx: Context[None, Spy]) -> dict[str, Any]:
    """At the supervisor's phone."""
    order = ctx.body
    if order.mode != "stop" and order.target is None:
        raise Refusal(422, "refused", "say whom to listen to", {"body.target": "expected an agent"})
    own = _own_phone(ctx, order.phone, "body.phone")
    ctx.note(order.target, mode=order.mode, at=own)
    return await ctx.ask("spy", agent=own, mode=order.mode, target=order.target)


async def listening(ctx: Context[Listener, None]) -> ListeningNow:
    """As Asterisk has told."""
    told = await ctx.ask("listening", agent=_own_phone(ctx, ctx.query.phone, "query.phone"))
    return ListeningNow(state=told["state"])


def _own_phone(ctx: Context[Any, Any], phone: str | None, field: str) -> str:
    """The phone, or the agent whose phone it is. Raises Refusal, 422."""
    own = phone or ctx.asker.agent
    if own is None:
        text = "this account belongs to no agent: say at which phone to listen"
        raise Refusal(422, "refused", text, {field: "expected a phone"})
    return own


async def send_message(ctx: Context[None, Message]) -> dict[str, Any]:
    """On the screens of those whom it is for."""
    ctx.note(", ".join(ctx.body.to)[:200], text=ctx.body.text, urgent=ctx.body.urgent)
    return await ctx.ask("message", **ctx.body.model_dump())


ROUTES = [
    Route("POST", "/api/agents/{id}/state", "Change an agent's state", set_state, Role.SUPERVISOR,
          Scope.CONTROL_AGENTS, body=StateOrder, answer=dict[str, Any], audit="agent-state", controller=True),
    Route("POST", "/api/calls/{id}/move", "Move a waiting call to another group", move, Role.SUPERVISOR,
          Scope.SUPERVISE, body=Move, answer=dict[str, Any], audit="move", controller=True),
    Route("POST", "/api/calls/{id}/priority", "Change a waiting call's priority", prioritise, Role.SUPERVISOR,
          Scope.SUPERVISE, body=Raise, answer=dict[str, Any], audit="priority", controller=True),
    Route("GET", "/api/calls/{id}/why", "Why a call waits", why, Role.SUPERVISOR, Scope.READ_STATE,
          answer=dict[str, Any], controller=True),
    Route("GET", "/api/calls/{id}/why-agent", "Why this agent got the call", why_agent, Role.SUPERVISOR,
          Scope.READ_STATE, answer=dict[str, Any], controller=True),
    Route("POST", "/api/spy", "Listen to an agent's call, whisper, or join it", spy, Role.SUPERVISOR,
          Scope.SUPERVISE, body=Spy, answer=dict[str, Any], audit="spy", controller=True),
    Route("GET", "/api/spy", "Whether one listens to a call", listening, Role.SUPERVISOR, Scope.SUPERVISE,
          query=Listener, answer=ListeningNow, controller=True),
    Route("POST", "/api/messages", "Send a message to agents", send_message, Role.SUPERVISOR,
          Scope.SUPERVISE, body=Message, answer=dict[str, Any], audit="message", controller=True),
]  # fmt: skip

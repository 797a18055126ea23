"""`/api/me/call` and `/api/agents/{id}/call`: what an agent does with the call in hand.

Each asks the controller, which answers when Asterisk has confirmed it. There is one model for each verb.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel, StringConstraints

from acd.records.tasks import TaskKind
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.inbox_tasks import task_of
from acd.web.live.mine import AGENT
from acd.web.refusal import Refusal
from acd.web.route import Bound, Route
from acd.web.values import Input, Name

Keys = Annotated[str, StringConstraints(pattern=r"^[0-9A-D*#]{1,32}$")]
TargetKind = Literal["agent", "group", "number", "flow"]
_OF_CALL_LIMIT_S = 15.0
"""Longer than the controller waits for Asterisk to confirm."""


class _Verb(Input):
    """`call`: the call that is meant, as the page shows it; refused where the agent has another by now."""

    call: Name | None = None


class Plain(_Verb):
    """What needs no more words."""

    do: Literal[
        "answer", "hangup", "hold", "resume", "consult-complete", "consult-cancel", "consult-join",
        "record-resume", "take-up",
    ]  # fmt: skip


class Mute(_Verb):
    """The agent's microphone off, or on again."""

    do: Literal["mute"]
    on: bool


class Press(_Verb):
    """Keys for the other end, such as for its menu."""

    do: Literal["keys"]
    keys: Keys


class Send(_Verb):
    """To whom the call is sent, whom to ask about it first, or who is to join it."""

    do: Literal["transfer", "consult", "conference-add"]
    to: Name
    to_kind: TargetKind


class PauseRecording(_Verb):
    """`reason` is kept with the call."""

    do: Literal["record-pause"]
    reason: Name


class Dial(Input):
    """An outside number or a colleague: one of the two."""

    do: Literal["dial"]
    number: Name | None = None
    agent_to: Name | None = None


class CallBack(Input):
    """Call the customer of this callback."""

    do: Literal["callback"]
    task: Name


class CallOrder(RootModel[Annotated[
    Plain | Mute | Press | Send | PauseRecording | Dial | CallBack, Field(discriminator="do")
]]):  # fmt: skip
    """One thing to do, by its word `do`."""


_WITHOUT_PREFIX = ("consult", "conference", "record")


def verb_of(do: str) -> str:
    """The word on the control socket."""
    return do if do.startswith(_WITHOUT_PREFIX) else f"call-{do}"


async def on_mine(ctx: Context[None, CallOrder]) -> dict[str, Any]:
    """Of the agent who asks."""
    return await _order(ctx, ctx.agent)


async def on_agents(ctx: Context[None, CallOrder]) -> dict[str, Any]:
    """Of another, for a supervisor or a program."""
    return await _order(ctx, ctx.path["id"])


async def _order(ctx: Context[None, CallOrder], agent: str) -> dict[str, Any]:
    order = ctx.body.root
    if isinstance(order, Dial) and (order.number is None) is (order.agent_to is None):
        fault = "expected either a number or an agent"
        raise Refusal(422, "refused", fault, {"body.number": fault, "body.agent_to": fault})
    if isinstance(order, CallBack):
        task = await task_of(ctx, TaskKind.CALLBACK, order.task)  # of the asker's groups, or refused
        ctx.note(agent, do=order.do, task=task.id)
        fields = {"task": task.id, "kind": task.kind.value, "note": "", "force": ctx.is_supervisor()}
        return await ctx.ask("callback-call", limit_s=_OF_CALL_LIMIT_S, agent=agent, **fields)
    if isinstance(order, _Verb):
        _check_present(ctx, agent, order.call)
    fields = order.model_dump(exclude={"do", "call"}, exclude_none=True)
    ctx.note(agent, do=order.do, **({} if isinstance(order, Press) else fields))  # keys may be a secret
    return await ctx.ask(verb_of(order.do), limit_s=_OF_CALL_LIMIT_S, agent=agent, **fields)


def _check_present(ctx: Context[Any, Any], agent: str, call: str | None) -> None:
    """So that a click that comes late does not end the next customer's call. Raises Refusal, 409."""
    shown = ctx.services.picture.objects.get(f"{AGENT}{agent}")
    if call is None or shown is None or not ctx.services.link.up:
        return
    if call not in (shown.get("call"), shown.get("own_call")):
        raise Refusal(409, "other-call", "that call is over, or is no longer this agent's")


ROUTES = [
    Route("POST", "/api/me/call", "Act on one's present call, or begin one", on_mine, Role.AGENT,
          body=CallOrder, answer=dict[str, Any], audit="call", controller=True, bound=Bound.OWN),
    Route("POST", "/api/agents/{id}/call", "Act on an agent's present call, or begin one for them", on_agents,
          Role.SUPERVISOR, Scope.CONTROL_CALLS, body=CallOrder, answer=dict[str, Any], audit="call",
          controller=True, bound=Bound.AGENT),
]  # fmt: skip
